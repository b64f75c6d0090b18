package e2e_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/raw"
	"github.com/postern/postern/e2e/upstream"
)

// shopRoutes are the routes of most tests: one for everyone, one for a caller, some for a caller
// and a person.
const shopRoutes = `
  - {name: public, http: {methods: [GET, POST], path: "/public/{rest...}"}, allow: [{callers: [anyone]}]}
  - {name: order, http: {methods: [GET, POST], path: "/orders/{id}"}, allow: [{name: web-reads, callers: ["` + mesh.Web + `"]}]}
  - {name: ally, http: {methods: [GET], path: /ally}, allow: [{callers: ["` + mesh.Ally + `"]}]}
  - {name: me, http: {methods: [GET], path: /me}, allow: [{callers: ["` + mesh.Web + `"], user: {provider: shop-idp, scopes: "orders:read"}}]}
  - {name: pay, http: {methods: [POST], path: /pay}, allow: [{callers: ["` + mesh.Web + `"], user: {provider: shop-idp, acr: mfa}}]}
  - {name: chat, http: {methods: [GET], path: /chat, upgrade: [websocket]}, allow: [{callers: ["` + mesh.Web + `"]}]}
  - {name: health, grpc: {service: grpc.health.v1.Health, methods: [Check, Watch]}, allow: [{callers: ["` + mesh.Web + `"], user: {provider: shop-idp, scopes: "orders:read"}}]}
`

// shop starts a mesh with shopRoutes.
func shop(t *testing.T, s mesh.Setup) *mesh.Mesh {
	t.Helper()
	if s.Policies == nil {
		s.Policies = map[string]string{"orders.yaml": mesh.Policy(shopRoutes), "idp.yaml": mesh.Provider}
	}
	return mesh.Start(t, s)
}

// request returns the bytes of an HTTP/1.1 request without a body; fields are whole lines.
func request(method, target string, fields ...string) string {
	head := method + " " + target + " HTTP/1.1\r\nhost: orders.test\r\n"
	for _, f := range fields {
		head += f + "\r\n"
	}
	return head + "\r\n"
}

// marked is the field that marks a request for Upstream.Find.
func marked(mark string) string { return upstream.CaseHeader + ": " + mark }

// fieldsOf returns the same request for HTTP/2; fields are "name: value".
func fieldsOf(method, target string, fields ...string) []raw.Field {
	all := []raw.Field{{Name: ":method", Value: method}, {Name: ":scheme", Value: "https"},
		{Name: ":authority", Value: "orders.test"}, {Name: ":path", Value: target}}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		all = append(all, raw.Field{Name: name, Value: value})
	}
	return all
}

// do sends one HTTP/1.1 request over a connection of its own.
func do(t *testing.T, m *mesh.Mesh, c *tls.Config, request string) *raw.Response {
	t.Helper()
	answer, err := try(m, c, request)
	if err != nil {
		t.Fatalf("%.60q: %v", request, err)
	}
	return answer
}

func try(m *mesh.Mesh, c *tls.Config, request string) (*raw.Response, error) {
	client, err := raw.DialHTTP1(m.Addr, c)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return client.Do(request)
}

// A refusal is the body of one.
type refusal struct {
	Error     string `json:"error"`
	Reason    string `json:"reason"`
	RequestID string `json:"request_id"`
}

// refused reads the body of a refusal, strictly.
func refused(r *raw.Response) (refusal, error) {
	var body refusal
	d := json.NewDecoder(strings.NewReader(string(r.Body)))
	d.DisallowUnknownFields()
	if err := d.Decode(&body); err != nil {
		return body, fmt.Errorf("status %d, body %q: %w", r.Status, r.Body, err)
	}
	return body, nil
}

// wantRefused fails the test unless r is Postern's refusal with that status and reason.
func wantRefused(t *testing.T, r *raw.Response, status int, reason string) {
	t.Helper()
	body, err := refused(r)
	if err != nil || r.Status != status || body.Reason != reason {
		t.Errorf("got %d %q (%v), want %d %s", r.Status, r.Body, err, status, reason)
	}
}

// wantReached fails the test unless the upstream got exactly one request with the mark.
func wantReached(t *testing.T, m *mesh.Mesh, mark string) *upstream.Request {
	t.Helper()
	got := m.Upstream.Find(mark)
	if len(got) != 1 {
		t.Fatalf("%s reached the upstream %d times, want once", mark, len(got))
	}
	return got[0]
}

// traffic sends requests steadily, those of each way to ask in a row, until stop is called, which returns how
// many there were and what was wrong with them. An ask returns that, or "".
func traffic(t *testing.T, each time.Duration, asks ...func() string) (stop func() (int, []string)) {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	var mu sync.Mutex
	var failures []string
	var sent int
	var workers sync.WaitGroup
	for _, ask := range asks {
		workers.Go(func() {
			for tick := time.NewTicker(each); ; {
				select {
				case <-ctx.Done():
					tick.Stop()
					return
				case <-tick.C:
				}
				fault := ask()
				mu.Lock()
				if sent++; fault != "" {
					failures = append(failures, fault)
				}
				mu.Unlock()
			}
		})
	}
	return func() (int, []string) {
		t.Helper()
		eventually(t, "so many requests that it means something", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return sent >= 50
		})
		end()
		workers.Wait()
		return sent, failures
	}
}

// within is eventually, at a pace.
func within(t *testing.T, p *mesh.Pace, what string, holds func() bool) {
	t.Helper()
	began := time.Now()
	eventually(t, what, holds)
	p.Took(what, time.Since(began))
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
