package record_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/extauthz/record"
	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// canary stands wherever a record must not look.
const canary = "CANARY-7f3a"

func at(line int) policy.Position {
	return policy.Position{Source: "orders.yaml", Line: line, Column: 5}
}

func text(s string) syntax.Text { return syntax.Text{Value: s, Position: at(1)} }

func one(s string) *syntax.Match {
	return &syntax.Match{Position: at(1), Values: []syntax.Text{text(s)}}
}

// orders is a policy with one deny by a header and two allows, one of them for a user.
func orders() []syntax.Document {
	return []syntax.Document{
		{Kind: "IdentityProvider", Name: "shop-idp", IdentityProvider: &identity.Provider{Name: "shop-idp"}},
		{Kind: "ServicePolicy", Name: "orders", Namespace: "shop", ServicePolicy: &syntax.ServicePolicy{
			Workloads: []syntax.Text{text("spiffe://shop.test/ns/shop/sa/orders")},
			Routes: []syntax.Route{{
				Position: at(9), Name: text("read-order"),
				HTTP: &syntax.HTTP{Position: at(10), Methods: []syntax.Text{text("GET")}, Path: text("/orders/{id}")},
				Deny: []syntax.Rule{{
					Position: at(12), Name: text("no-debug"),
					Headers: []syntax.Header{{Position: at(12), Name: "x-debug", Match: one("on")}},
				}},
				Allow: []syntax.Rule{
					{Position: at(14), Callers: []syntax.Text{text("spiffe://shop.test/ns/shop/sa/other")}},
					{
						Position: at(15), Name: text("web-for-a-user"), Callers: []syntax.Text{text("spiffe://shop.test/ns/shop/sa/web")},
						User: &syntax.User{Position: at(16), Providers: []syntax.Text{text("shop-idp")}, Scopes: one("orders:read")},
					},
				},
			}},
		}},
	}
}

// decided returns the record of a real decision whose x-debug header is debug.
func decided(t testing.TB, debug string) *record.Record {
	t.Helper()
	set, err := policy.Compile(orders(), policy.Options{Workload: "spiffe://shop.test/ns/shop/sa/orders"})
	if err != nil {
		t.Fatal(err)
	}
	method, _ := policy.ParseMethod("GET")
	host, _ := policy.ParseHost("orders.shop.test:8443")
	path, err := policy.ParsePath("/orders/" + canary + "?token=" + canary)
	if err != nil {
		t.Fatal(err)
	}
	user := &identity.User{
		Provider: "shop-idp", Subject: "alice", Client: "web-app", Scopes: []string{"orders:read"},
		TokenID: canary, Session: canary, Roles: []string{canary}, Claims: map[string]any{"email": canary},
	}
	begun := time.Date(2026, 3, 1, 12, 30, 0, 123456789, time.FixedZone("CET", 3600))
	q := &policy.Request{
		ID: "6f1c9e0a-0000-4000-8000-000000000001", Time: begun, Method: method, Path: path, Host: host,
		Headers:    policy.NewHeaders([]policy.Header{{Name: "x-debug", Value: debug}, {Name: "authorization", Value: "Bearer " + canary}}, false),
		Caller:     identity.ProvenCaller(spiffeid.RequireFromString("spiffe://shop.test/ns/shop/sa/web"), [32]byte{1}),
		Credential: identity.Credential{User: user, Presented: true, Reason: reason.Allowed},
	}
	return &record.Record{
		Time: begun, RequestID: q.ID, Decision: set.Decide(q), PolicyDigest: "sha256:abc", Caller: q.Caller, User: user,
		Method: method.String(), Host: host.String(), Latency: 1234567 * time.Nanosecond,
	}
}

// written returns what one writer makes of records.
func written(t testing.TB, records ...*record.Record) string {
	t.Helper()
	var out bytes.Buffer
	w := record.NewWriter(&out, record.Options{})
	for _, r := range records {
		if !w.Record(r) {
			t.Fatal("a record was dropped from an empty queue")
		}
	}
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// fields parses one line.
func fields(t testing.TB, line string) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewBufferString(line))
	m := map[string]any{}
	if err := d.Decode(&m); err != nil {
		t.Fatalf("%v in %q", err, line)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Fatalf("more than one value in %q", line)
	}
	return m
}

// eventually waits for what another goroutine brings about.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// A gate is a destination whose writes wait until it is opened.
type gate struct {
	entered chan struct{} // receives when a write begins
	opened  chan struct{}
	once    sync.Once

	mu     sync.Mutex
	bytes  bytes.Buffer
	writes int
}

func newGate() *gate {
	return &gate{entered: make(chan struct{}, 1024), opened: make(chan struct{})}
}

func (g *gate) open() { g.once.Do(func() { close(g.opened) }) }

func (g *gate) Write(p []byte) (int, error) {
	g.entered <- struct{}{}
	<-g.opened
	g.mu.Lock()
	defer g.mu.Unlock()
	g.writes++
	return g.bytes.Write(p)
}

// lines returns how many lines came through, in how many writes.
func (g *gate) lines() (lines, writes int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return bytes.Count(g.bytes.Bytes(), []byte("\n")), g.writes
}

// numbered returns a small record that can be told from others.
func numbered(id string) *record.Record {
	return &record.Record{Time: time.Unix(1, 0), RequestID: id, Method: "GET", Host: "orders"}
}
