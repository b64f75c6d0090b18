package explain

import (
	"slices"
	"strings"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
	"github.com/postern/postern/policy/template"
)

// toRoute returns an edit with which a request may go to a route that lost.
func toRoute(at *state, r *policy.RouteTrace) (edit, bool) {
	switch r.Lost {
	case policy.LostMethod:
		if len(r.Methods) > 0 {
			return request("the method is "+choice(r.Methods, false), func(q *syntax.TestRequest) { q.Method.Value = r.Methods[0] }), true
		}
	case policy.LostHost:
		return request("the host is "+choice(r.Hosts, false), func(q *syntax.TestRequest) { q.Host.Value = r.Hosts[0] }), true
	case policy.LostToHost:
		return request("the host is not one that another route of this path names", func(q *syntax.TestRequest) { q.Host.Value = "host.invalid" }), true
	case policy.LostUpgrade:
		if len(r.Upgrades) == 0 {
			return request("no upgrade is asked for", func(q *syntax.TestRequest) { q.Upgrade.Value = "" }), true
		}
		return request("an upgrade to "+choice(r.Upgrades, false)+" is asked for", func(q *syntax.TestRequest) { q.Upgrade.Value = r.Upgrades[0] }), true
	case policy.LostNoCall:
		return call(at), true
	case policy.LostPath:
		if path := pathTo(at, r.Paths); path != "" {
			say := "the path is of the form " + r.Paths[0] + ", as is " + path
			if path == r.Paths[0] {
				say = "the path is " + path
			}
			return request(say, func(q *syntax.TestRequest) { q.Path.Value = path }), true
		}
	case policy.Chosen, policy.LostToNarrow, policy.LostToService, policy.LostConnect:
	}
	return edit{}, false
}

// call makes a gRPC call of a request.
func call(at *state) edit {
	path := "/" + strings.Join(at.r.Request.Path.Segments(), "/")
	return edit{"it is a gRPC call: POST " + show(path) + " over HTTP/2 with one content-type application/grpc", func(in *syntax.Case) {
		r, http2 := *in.Request, true
		r.Method.Value, r.Path.Value, r.HTTP2 = "POST", path, &http2
		in.Request = &r
		setHeader(in, "content-type", []string{"application/grpc"})
	}}
}

// pathTo returns a path that the first of some templates matches, as near to the request's as can
// be.
func pathTo(at *state, paths []string) string {
	t, err := template.Parse(first(paths...))
	if err != nil {
		return ""
	}
	var b strings.Builder
	have := at.r.Request.Path.Segments()
	for i, s := range t.Segments() {
		b.WriteByte('/')
		switch {
		case s.Variable == "":
			b.WriteString(escaped(s.Literal))
		case i < len(have) && have[i] != "":
			b.WriteString(escaped(have[i]))
		case !s.Rest:
			b.WriteByte('1')
		}
	}
	return b.String()
}

// escaped writes one segment as it is sent.
func escaped(segment string) string {
	const plain = "-._~!$&'()*+,=:@"
	var b strings.Builder
	for _, c := range []byte(segment) {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || slices.Contains([]byte(plain), c) {
			b.WriteByte(c)
			continue
		}
		const hex = "0123456789ABCDEF"
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return b.String()
}
