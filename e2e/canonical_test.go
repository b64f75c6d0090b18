package e2e_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/raw"
	"github.com/postern/postern/e2e/upstream"
	"github.com/postern/postern/policy"
)

// canonicalRoutes are generous, so that what is stopped is stopped for being odd, with narrower
// places inside that nobody may reach in any spelling.
const canonicalRoutes = `
  - {name: open, http: {methods: ["*"], path: "/open/{rest...}"}, allow: [{callers: [anyone]}]}
  - {name: admin, http: {methods: ["*"], path: "/open/admin"}, allow: [{callers: ["spiffe://shop.test/nobody"]}]}
  - {name: admin-tree, http: {methods: ["*"], path: "/open/admin/{rest...}"}, allow: [{callers: ["spiffe://shop.test/nobody"]}]}
  - {name: secret, http: {methods: ["*"], path: "/open/{tenant}/secret"}, allow: [{callers: ["spiffe://shop.test/nobody"]}]}
  - {name: both, http: {methods: ["*"], path: "/open/admin/secret"}, allow: [{callers: ["spiffe://shop.test/nobody"]}]}
  - {name: readonly, http: {methods: [GET], path: /readonly}, allow: [{callers: [anyone]}]}
  - {name: me, http: {methods: [GET], path: /me}, allow: [{callers: [anyone], user: {provider: shop-idp}}]}
  - {name: chat, http: {methods: [GET], path: /chat, upgrade: [websocket]}, allow: [{callers: [anyone]}]}
  - {name: get, grpc: {service: shop.v1.Orders, methods: [Get]}, allow: [{callers: [anyone]}]}
`

// TestWhatPosternApprovedIsWhatTheUpstreamGets sends the whole corpus through Envoys that forward
// paths as they were sent, in both encodings of the check, and through one that normalises them,
// with mTLS, as a deployment does.
func TestWhatPosternApprovedIsWhatTheUpstreamGets(t *testing.T) {
	for name, gate := range map[string]mesh.Gate{
		"as sent, raw headers":     {Cleartext: true, AsSent: true, Loose: true},
		"as sent, joined headers":  {Cleartext: true, AsSent: true, Loose: true, Joined: true},
		"normalised, mTLS":         {},
		"as sent, HTTP/2 upstream": {Cleartext: true, AsSent: true, Loose: true, UpstreamHTTP2: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := mesh.Start(t, mesh.Setup{
				Policies: map[string]string{"orders.yaml": mesh.Policy(canonicalRoutes), "idp.yaml": mesh.Provider},
				Gate:     gate, Tap: true,
			})
			c := &canon{Mesh: m, gate: gate}
			if !gate.Cleartext {
				c.tls = m.As(mesh.Web)
			}
			c.run(t, attempts(t, !gate.AsSent))
		})
	}
}

// A canon sends attempts and compares three views of each: the client's, Postern's, the upstream's.
type canon struct {
	*mesh.Mesh
	gate mesh.Gate
	tls  *tls.Config
	sent int
}

func (c *canon) run(t *testing.T, all []attempt) {
	passed := 0
	for _, a := range all {
		// In the joined encoding a ! may stand for a byte that Envoy could not show.
		if c.gate.Joined && strings.Contains(a.target, "!") {
			a.overOne, a.overTwo = false, false
		}
		if c.judge(t, a, "HTTP/1.1", a.overOne) {
			passed++
		}
		if c.judge(t, a, "HTTP/2", a.overTwo) {
			passed++
		}
	}
	t.Logf("%d requests, %d of them reached the upstream", c.sent, passed)
	if c.sent < 300 || passed < 50 {
		t.Errorf("only %d requests, %d passed: the corpus is not what it was", c.sent, passed)
	}
}

// judge sends one attempt and says whether it reached the upstream.
func (c *canon) judge(t *testing.T, a attempt, protocol string, want bool) bool {
	t.Helper()
	c.sent++
	mark := fmt.Sprint(c.sent)
	answer, err := c.send(a, protocol, mark)
	got := c.Upstream.Find(mark)
	saw := c.Tap.Find(upstream.CaseHeader, mark)
	says := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s: %s: %s\n\tanswer %s, %v", protocol, a, fmt.Sprintf(format, args...), brief(answer), err)
	}
	if len(got) > 1 || (len(got) == 1) != want && !a.either {
		says("reached the upstream %d times, want %v", len(got), want)
	}
	for _, e := range saw {
		if e.Allowed() != (len(got) == 1) {
			says("Postern allowed it: %v, and the upstream got it %d times", e.Allowed(), len(got))
		}
	}
	if len(got) == 0 {
		if err == nil && succeeded(answer) {
			says("refused with a success")
		}
		return false
	}
	if len(saw) != 1 {
		says("%d checks for one request", len(saw))
		return true
	}
	if complaint := c.compare(a, got[0], saw[0].Request.GetAttributes().GetRequest().GetHttp(), protocol); complaint != nil {
		says("%v", complaint)
	}
	return true
}

type checked interface {
	GetMethod() string
	GetPath() string
	GetHost() string
}

// compare holds what was approved, what the upstream got and, where Envoy changes nothing, what
// the client sent, against each other, byte for byte.
func (c *canon) compare(a attempt, got *upstream.Request, approved checked, protocol string) error {
	var faults []error
	differ := func(what, x, y string) {
		if x != y {
			faults = append(faults, fmt.Errorf("%s: %q, but the upstream got %q", what, x, y))
		}
	}
	differ("approved method", approved.GetMethod(), got.Method)
	differ("approved path", approved.GetPath(), got.Path)
	differ("approved host", approved.GetHost(), got.Host)
	differ("sent method", a.method, got.Method)
	differ("sent host", a.host, got.Host)
	if c.gate.AsSent {
		differ("sent path", a.target, got.Path)
	}
	if _, err := policy.ParsePath(got.Path); err != nil {
		faults = append(faults, fmt.Errorf("the upstream got the path %q: %w", got.Path, err))
	}
	if place := worstReading(got.Path); forbidden.MatchString(place) {
		faults = append(faults, fmt.Errorf("the upstream got %q, which some server reads as %q", got.Path, place))
	}
	record := c.Postern.Record(first(got.Get("x-request-id")))
	differ("recorded decision", record.Text("decision"), "allow")
	differ("recorded method", record.Text("method"), got.Method)
	if host, err := policy.ParseHost(got.Host); err != nil || host.String() != record.Text("host") {
		faults = append(faults, fmt.Errorf("recorded host %q, the upstream got %q: %w", record.Text("host"), got.Host, err))
	}
	return errors.Join(faults...)
}

// forbidden are the places that no request may reach in any reading.
var forbidden = regexp.MustCompile(`^/open/(admin(/|$)|[^/]+/secret$)`)

// worstReading decodes and cleans a path in every way that some server does, until nothing changes.
func worstReading(target string) string {
	p, _, _ := strings.Cut(target, "?")
	parameters := regexp.MustCompile(`;[^/]*`)
	for range 10 {
		before := p
		if decoded, err := url.PathUnescape(p); err == nil {
			p = decoded
		}
		p = strings.ReplaceAll(p, "\\", "/")
		p = parameters.ReplaceAllString(p, "")
		p, _, _ = strings.Cut(p, "\x00")
		if p = path.Clean("/" + p); p == before {
			break
		}
	}
	return p
}

func (c *canon) send(a attempt, protocol, mark string) (*raw.Response, error) {
	mine := raw.Field{Name: upstream.CaseHeader, Value: mark}
	if protocol == "HTTP/2" {
		client, err := raw.DialHTTP2(c.Addr, c.tls)
		if err != nil {
			return nil, err
		}
		defer client.Close()
		scheme := "http"
		if c.tls != nil {
			scheme = "https"
		}
		fields := []raw.Field{{Name: ":method", Value: a.method}, {Name: ":scheme", Value: scheme},
			{Name: ":authority", Value: a.host}, {Name: ":path", Value: a.target}, mine}
		return client.Do(append(fields, a.fields...), nil)
	}
	client, err := raw.DialHTTP1(c.Addr, c.tls)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n%s: %s\r\n", a.method, a.target, a.host, mine.Name, mine.Value)
	for _, f := range a.fields {
		fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
	}
	return client.Do(b.String() + "\r\n")
}

// succeeded says that the client sees a success: a gRPC client looks at grpc-status alone.
func succeeded(r *raw.Response) bool {
	grpcStatus := append(r.Get("grpc-status"), r.Trailer("grpc-status")...)
	refused := len(grpcStatus) > 0 && !slices.Contains(grpcStatus, "0")
	return r.Status >= 200 && r.Status < 300 && !r.Reset && !refused
}

func brief(r *raw.Response) string {
	if r == nil {
		return "none"
	}
	return fmt.Sprintf("%d %s reset %v", r.Status, clip(string(r.Body)), r.Reset)
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
