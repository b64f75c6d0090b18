package explain

import (
	"errors"
	"slices"
	"strings"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/explain/curl"
	"github.com/postern/postern/policy/syntax"
)

const blanks = " \t"

// readHeaders reads the headers of the command and of the flags, which replace those of the same
// name, and gives each to the field that says the same.
func (q Question) readHeaders(a *asked, command curl.Request) error {
	var own []policy.Header
	for _, line := range q.Headers {
		name, value, ok := strings.Cut(line, ":")
		if name = strings.ToLower(strings.Trim(name, blanks)); !ok || name == "" {
			return errors.New("--header: a header is written as Name: value")
		}
		own = append(own, policy.Header{Name: name, Value: strings.Trim(value, blanks)})
	}
	var all []policy.Header
	if q.GRPC != "" {
		all = append(all, policy.Header{Name: "content-type", Value: "application/grpc"})
	}
	for _, h := range command.Headers {
		all = append(all, policy.Header{Name: h.Name, Value: h.Value})
	}
	all = slices.DeleteFunc(all, func(h policy.Header) bool {
		return slices.ContainsFunc(own, func(o policy.Header) bool { return o.Name == h.Name })
	})
	a.sort(append(all, own...))
	return nil
}

// sort gives every header to whom it belongs. The sidecar refuses some for their names, and some
// beside an upgrade.
func (a *asked) sort(all []policy.Header) {
	r := a.in.Request
	a.headers = policy.NewHeaders(all, false)
	forwards := false
	for _, h := range all {
		switch h.Name {
		case "authorization", "proxy-authorization", "cookie":
		case "host":
			r.Host.Value = first(r.Host.Value, h.Value)
		case "x-forwarded-client-cert":
			a.notes = append(a.notes, "x-forwarded-client-cert is Envoy's to say, and is not looked at here: --caller says who calls")
		case "connection":
			forwards = forwards || namesHeaders(h.Value)
		case "upgrade":
			if r.Upgrade.Value != "" || !identity.IsToken(h.Value) {
				a.refuse(reason.BadUpgrade, "upgrade names no protocol, or more than one")
			}
			r.Upgrade.Value = h.Value
		default:
			if !identity.IsToken(h.Name) || looksLikeOurs(h.Name) {
				a.refuse(reason.BadHeader, "a header has a name that is no token, or that some servers would take for one of Postern's own")
				continue
			}
			setHeader(&a.in, h.Name, append(headerOf(&a.in, h.Name), h.Value))
			r = a.in.Request
		}
	}
	if forwards && r.Upgrade.Value != "" {
		a.refuse(reason.BadUpgrade, "connection names headers beside an upgrade")
	}
}

func (a *asked) refuse(code reason.Code, why string) {
	if a.refused == reason.Internal {
		a.refused, a.why = code, why
	}
}

// namesHeaders says that a connection header lists more than an upgrade needs.
func namesHeaders(connection string) bool {
	return slices.ContainsFunc(strings.Split(strings.ToLower(connection), ","), func(option string) bool {
		return !slices.Contains([]string{"", "upgrade", "keep-alive"}, strings.Trim(option, blanks))
	})
}

// looksLikeOurs says that a name is that of one of Postern's own headers but for its hyphens, as
// CGI would not tell apart.
func looksLikeOurs(name string) bool {
	const ours = "x-postern-"
	folded := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return '-'
	}, name)
	return strings.HasPrefix(folded, ours) && !strings.HasPrefix(name, ours)
}

// headerOf returns the values of a header of a case.
func headerOf(in *syntax.Case, name string) []string {
	var values []string
	if in.Request.Headers != nil {
		for _, h := range in.Request.Headers.Fields {
			for _, v := range h.Values {
				if h.Name == name {
					values = append(values, v.Value)
				}
			}
		}
	}
	return values
}

// setHeader puts these values in place of those of a header; none take it away. What the case
// shares with another stays as it is.
func setHeader(in *syntax.Case, name string, values []string) {
	var fields []syntax.TestHeader
	if in.Request.Headers != nil {
		fields = slices.DeleteFunc(slices.Clone(in.Request.Headers.Fields), func(h syntax.TestHeader) bool { return h.Name == name })
	}
	if len(values) > 0 {
		fields = append(fields, syntax.TestHeader{Name: name, Values: texts(values)})
	}
	r := *in.Request
	r.Headers, in.Request = &syntax.TestHeaders{Fields: fields}, &r
}

func texts(values []string) []syntax.Text {
	all := make([]syntax.Text, len(values))
	for i, v := range values {
		all[i].Value = v
	}
	return all
}
