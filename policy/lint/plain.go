package lint

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/condition"
	"github.com/postern/postern/policy/template"
)

// A plain request is one that nobody would think of as odd, and for which the rest of a rule holds.
type plainRequest struct {
	what string // how it differs from others: without a user
	in   *condition.Input
}

// plainRequests returns those that a rule's condition is tried with: with everything that the rest
// of the rule demands, and without what it leaves open.
func (w *world) plainRequests(r *rule) []plainRequest {
	base := condition.Input{
		Method: "GET", Host: "plain.test", ID: "d6e4c0c2-0000-4000-8000-000000000000", Path: []string{"plain"}, Time: w.now,
		Source: netip.AddrFrom4([4]byte{192, 0, 2, 1}), Headers: condition.HeaderFunc(r.plainHeaders),
	}
	if len(r.source) > 0 {
		base.Source = r.source[0].Addr()
	}
	if a := r.area(); a != nil {
		base.Method, base.Host = firstOf(a.methods, base.Method), firstOf(a.hosts, base.Host)
		if a.service != "" {
			base.Method, base.Path = "POST", []string{a.service, firstOf(a.calls, "Call")}
		} else if len(a.paths) > 0 {
			base.Path = example(a.paths[0])
		}
	}
	var all []plainRequest
	for _, c := range r.plainCallers() {
		for _, u := range r.plainUsers(w) {
			in := base
			in.Caller, in.User = c.caller, u.user
			what := join(c.what, u.what)
			if what == "" {
				what = "without headers and query"
			}
			all = append(all, plainRequest{what, &in})
		}
	}
	return all
}

func firstOf(names []string, otherwise string) string {
	if len(names) > 0 {
		return names[0]
	}
	return otherwise
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " and ")
}

// example returns a path that the template matches.
func example(p template.Template) []string {
	var segments []string
	for _, s := range p.Segments() {
		if s.Variable != "" {
			s.Literal = "plain"
		}
		segments = append(segments, s.Literal)
	}
	return segments
}

// plainHeaders returns the values of the headers that the rule asks for, and of no other.
func (r *rule) plainHeaders(name string) []string {
	for _, h := range r.headers {
		switch {
		case h.name != name:
		case h.match != nil && h.match.all:
			return h.match.want
		case h.match != nil:
			return h.match.want[:1]
		case *h.present:
			return []string{"plain"}
		}
	}
	return nil
}

// A plainCaller is a caller, or none.
type plainCaller struct {
	what   string
	caller identity.Caller
}

func (r *rule) plainCallers() []plainCaller {
	text := "spiffe://plain.test/plain"
	if r.callers.named && !r.callers.anyone && len(r.callers.parts) > 0 {
		first := r.callers.parts[0].ids[0]
		text = some(first.domain, first.segments)
	}
	id, err := spiffeid.FromString(text)
	if err != nil {
		return nil
	}
	all := []plainCaller{{"", identity.ProvenCaller(id, [32]byte{})}}
	if !r.callers.named || r.callers.anyone {
		all = append(all, plainCaller{what: "without a client certificate"})
	}
	return all
}

// A plainUser is a user, or none.
type plainUser struct {
	what string
	user *identity.User
}

// plainUsers returns a user who has what the rule asks for and no more, and, unless the rule asks
// for one, none.
func (r *rule) plainUsers(w *world) []plainUser {
	if !r.when.ReadsUser() {
		return []plainUser{{}}
	}
	u := &identity.User{Provider: "plain", Subject: "plain", Audiences: []string{"plain"}, Claims: map[string]any{}}
	if r.user != nil {
		r.user.fill(u)
		if r.user.maxAge > 0 {
			u.AuthTime = w.now
		}
	}
	u.Claims["iss"], u.Claims["sub"], u.Claims["aud"] = "https://plain.test/", u.Subject, "plain"
	all := []plainUser{{"of a user whose token says no more than who that is", u}}
	if r.user == nil {
		all = append(all, plainUser{what: "without a user"})
	}
	return all
}

// fill gives a user what is asked for.
func (u *user) fill(to *identity.User) {
	to.Provider, to.Bound = u.providers[0], u.bound
	for i, field := range singleOf(to) {
		if m := u.single[i]; m != nil {
			*field = m.want[0]
		}
	}
	for i, field := range severalOf(to) {
		if m := u.several[i]; m != nil {
			*field = m.want
		}
	}
}

// singleOf and severalOf return the fields of a user in the order of those that rules ask for.
func singleOf(u *identity.User) [3]*string { return [3]*string{&u.Subject, &u.Client, &u.ACR} }

func severalOf(u *identity.User) [4]*[]string {
	return [4]*[]string{&u.Audiences, &u.Scopes, &u.Roles, &u.AMR}
}
