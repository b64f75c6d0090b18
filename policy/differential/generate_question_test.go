package differential_test

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
)

// question makes a request to the world, most often to a place that the world says something of.
func (g *generator) question(w *world) *question {
	q := &question{
		Method: pick(g.dice, "GET", "POST", "DELETE", "PUT", "get"), Host: pick(g.dice, hosts...), HTTP2: !g.one(8), Source: pick(g.dice, peers...), Time: start, Joined: g.one(5),
	}
	q.Query = pick(g.dice, queries...)
	g.aim(w, q)
	if q.Upgrade == "" && g.one(32) {
		q.Upgrade = pick(g.dice, "websocket", "websocket", "h2c")
	}
	if g.one(100) {
		q.Method = "CONNECT"
	}
	q.Sent = g.sent(q.Path)
	q.Asked = pick(g.dice, q.Host, q.Host, q.Host+":8443", strings.ToUpper(q.Host), q.Host+".")
	if g.one(4) {
		q.Time = pick(g.dice, start.Add(time.Hour), start.Add(time.Hour).Truncate(time.Second), start.Add(time.Hour).Truncate(time.Second).Add(-1))
	}
	g.headersOf(q)
	if !g.one(4) {
		q.Caller = pick(g.dice, callers...)
		if g.one(2) {
			q.Caller = callerWeb
		}
		q.Asserted = g.one(6)
	}
	q.Tokens = g.tokens(q.Time)
	return q
}

// aim gives the request a path and what goes with it.
func (g *generator) aim(w *world, q *question) {
	all := w.places()
	var guards []*guardrail
	for _, m := range w.Meshes {
		guards = append(guards, m.Guardrails...)
	}
	switch {
	case len(all) > 0 && g.n(12) > 0:
		p := pick(g.dice, all...)
		if names := p.hosts(); len(names) > 0 && !g.one(8) {
			q.Host = pick(g.dice, names...)
		}
		if p.route.HTTP != nil {
			q.Upgrade = map[bool]string{true: "websocket"}[p.route.HTTP.Upgrade && !g.one(8)]
			g.aimHTTP(q, p.route.HTTP)
		} else {
			g.aimCall(q, p.route.GRPC)
		}
	case len(guards) > 0 && g.n(4) > 0:
		guard := pick(g.dice, guards...)
		h, c := guard.HTTP, guard.GRPC
		if len(guard.Except) > 0 && g.one(2) {
			h, c = guard.Except[0].HTTP, guard.Except[0].GRPC
		}
		if c != nil {
			g.aimCall(q, c)
		} else if h != nil {
			g.aimHTTP(q, h)
		}
	}
	if q.Path == nil || g.one(24) {
		q.Path = g.segments(g.template())
	}
}

func (g *generator) aimHTTP(q *question, h *httpMatch) {
	if len(h.Methods) > 0 && h.Methods[0] != "*" && !g.one(6) {
		q.Method = pick(g.dice, h.Methods...)
	}
	q.Path = g.segments(h.Path)
	if g.one(10) {
		g.call(q)
	}
}

func (g *generator) aimCall(q *question, c *grpcMatch) {
	method := pick(g.dice, grpcMethods...)
	if len(c.Methods) > 0 && c.Methods[0] != "*" && !g.one(6) {
		method = pick(g.dice, c.Methods...)
	}
	q.Path = []string{c.Service, method}
	switch g.n(24) {
	case 20:
		q.Path = []string{c.Service, ""}
	case 21:
		q.Path = []string{c.Service, method, ""}
	case 22:
		q.Path = []string{c.Service, method, "a"}
	case 23:
		q.Path = []string{c.Service}
	}
	g.call(q)
}

// call makes of a request a gRPC call, or something that is almost one.
func (g *generator) call(q *question) {
	if g.n(8) > 0 {
		q.Query = ""
	}
	if g.n(8) > 0 {
		q.Method = "POST"
	}
	if g.one(12) {
		return
	}
	value := contentTypes[0]
	if g.one(3) {
		value = pick(g.dice, contentTypes...)
	}
	q.Headers = append(q.Headers, policy.Header{Name: "content-type", Value: value})
	if g.one(12) && !q.Joined {
		q.Headers = append(q.Headers, policy.Header{Name: "content-type", Value: pick(g.dice, contentTypes...)})
	}
}

// segments makes a path that the template matches, most of the time.
func (g *generator) segments(t template) []string {
	var path []string
	for _, s := range t {
		switch {
		case s.Rest:
			for range g.n(3) {
				path = append(path, pick(g.dice, literals...))
			}
			if g.one(4) || len(path) == 0 {
				path = append(path, "")
			}
		case s.Variable != "" || g.one(24) && s.Literal != "":
			path = append(path, pick(g.dice, literals...))
		default:
			path = append(path, s.Literal)
		}
	}
	if len(path) == 0 {
		return []string{""}
	}
	if g.one(16) && path[len(path)-1] != "" {
		path = append(path, "")
	}
	return path
}

// sent writes a path as a client may, with escapes that need not be.
func (g *generator) sent(path []string) string {
	often := pick(g.dice, 1000, 1000, 1000, 4)
	var b strings.Builder
	for _, segment := range path {
		b.WriteByte('/')
		for _, c := range []byte(segment) {
			if mustEscape(c) || g.one(often) {
				fmt.Fprintf(&b, pick(g.dice, "%%%02X", "%%%02x"), c)
			} else {
				b.WriteByte(c)
			}
		}
	}
	return b.String()
}

func mustEscape(c byte) bool { return c <= ' ' || c >= utf8.RuneSelf }

func (g *generator) headersOf(q *question) {
	for _, name := range headerNames {
		if g.one(2) {
			continue
		}
		if g.one(500) {
			q.Headers = append(q.Headers, g.muchOf(name)...)
			continue
		}
		for range 1 + g.n(2) {
			value := pick(g.dice, sentValues...)
			if g.one(2) {
				value = pick(g.dice, "1", "2")
			}
			if q.Joined && len(q.header(name)) > 0 {
				break
			}
			q.Headers = append(q.Headers, policy.Header{Name: name, Value: value})
		}
	}
}

// muchOf makes as many headers as a condition reads, or more, or a longer one than that. One of just
// the bytes that are read would cost some conditions more than they may.
func (g *generator) muchOf(name string) []policy.Header {
	h := policy.Header{Name: name, Value: "1"}
	switch g.n(4) {
	case 0:
		return slices.Repeat([]policy.Header{h}, maxHeaderValues)
	case 1:
		return slices.Repeat([]policy.Header{h}, maxHeaderValues+1)
	case 2:
		h.Value = strings.Repeat("1", 1<<10)
	default:
		h.Value = strings.Repeat("1", maxHeaderBytes+1)
	}
	return []policy.Header{h}
}

// tokens are the credentials of a request: mostly one, and good.
func (g *generator) tokens(now time.Time) []token {
	var all []token
	switch g.n(10) {
	case 0, 1:
		return nil
	case 2:
		all = []token{{Provider: providerNames[0]}, {Provider: providerNames[1]}}
	case 3, 4:
		all = []token{{Provider: providerNames[1]}}
	default:
		all = []token{{Provider: providerNames[0]}}
	}
	for i := range all {
		t := &all[i]
		t.Fault = reason.Allowed
		if g.one(5) {
			t.Fault = pick(g.dice, faults...)
			if t.Fault.Unavailable() {
				t.Retry = 1 + g.n(30)
			}
			continue
		}
		t.User = g.proven(t.Provider, now)
	}
	return all
}

func (g *generator) proven(provider string, now time.Time) identity.User {
	several := func(all []string) []string {
		if g.one(5) {
			return nil
		}
		return some(g.dice, 2, all)
	}
	maybe := func(all []string) string {
		if g.one(4) {
			return ""
		}
		return pick(g.dice, all...)
	}
	u := identity.User{
		Provider: provider, Issuer: "https://" + provider + ".test/", Subject: pick(g.dice, subjects...), Client: maybe(clients),
		Audiences: several(audiences), Scopes: several(scopes), Roles: several(roles), ACR: maybe(acrs), AMR: several(amrs),
		Claims: map[string]any{},
	}
	if !g.one(5) {
		age := pick(g.dice, 0, time.Second, fresh, fresh, fresh+1, fresh-1, fresh+time.Second, time.Hour, 2*time.Hour, -time.Second)
		u.AuthTime = now.Add(-age)
	}
	u.Bound = pick(g.dice, identity.BoundNot, identity.BoundMTLS)
	for range pick(g.dice, 0, 0, 1, 1, 2, 4) {
		u.Actors = append(u.Actors, pick(g.dice, actors...))
	}
	for _, name := range claimNames {
		if !g.one(4) {
			u.Claims[name] = pick(g.dice, claimValues...)
		}
	}
	if level := slices.Index(claimNames, "level"); level >= 0 && g.one(2) {
		u.Claims["level"] = claimValues[10]
	}
	return u
}
