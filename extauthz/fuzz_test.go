package extauthz_test

import (
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/protobuf/proto"

	"github.com/postern/postern/extauthz"
	"github.com/postern/postern/policy"
)

// FuzzCheck sends any bytes as a CheckRequest: each gives a decision, none an error, a panic
// or an allow that the policy did not grant.
func FuzzCheck(f *testing.F) {
	w := newWorld(f)
	w.current.Update(func(s *extauthz.Snapshot) { s.Policy = compile(f, onlyWeb) })
	granted := map[string]bool{}
	var sound []byte
	for _, c := range []*authv3.CheckRequest{
		check(f, w, ""), check(f, w, web), check(f, w, orders, setPath("/orders/1")), check(f, w, web, setPath("/orders/1?a=b"), joined),
		check(f, w, "", addHeader("upgrade", "websocket"), addHeader("authorization", "Bearer a.b.c")),
	} {
		if source := c.GetAttributes().GetSource(); source.GetPrincipal() == web {
			granted[source.GetCertificate()] = true
			if r := w.ask(f, c); !allowed(r) {
				f.Fatalf("a seed that is granted: %v", r)
			}
		}
		wire, err := proto.Marshal(c)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire)
		sound = wire
	}
	for _, wire := range extauthz.OddSeeds(sound) {
		f.Add(wire)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		r := w.handle(t, wire)
		c := &authv3.CheckRequest{}
		if err := proto.Unmarshal(wire, c); err != nil {
			c.Reset()
		}
		if slow := w.generated(t, c); !sameAnswer(r, slow) {
			t.Fatalf("by its bytes %v, by generated code %v", r, slow)
		}
		if w.panics > 0 {
			t.Fatal("a panic")
		}
		if allowed(r) && !granted[c.GetAttributes().GetSource().GetCertificate()] {
			t.Fatalf("allowed: %v", c)
		}
		if !allowed(r) && r.GetDeniedResponse().GetStatus().GetCode() < 400 {
			t.Fatalf("refused with %v", r)
		}
	})
}

// sameAnswer says that two answers differ in the request's id at most.
func sameAnswer(a, b *authv3.CheckResponse) bool {
	a, b = proto.CloneOf(a), proto.CloneOf(b)
	for _, r := range []*authv3.CheckResponse{a, b} {
		if d := r.GetDeniedResponse(); d != nil {
			d.Body, _, _ = strings.Cut(d.GetBody(), "request_id")
		}
	}
	return proto.Equal(a, b)
}

const onlyWeb = `
apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - name: all
    http: {methods: ["*"], path: "/{rest...}"}
    allow: [{callers: [spiffe://shop.test/ns/shop/sa/web]}]
`

var _ extauthz.Metrics = (*world)(nil)

type discard struct{}

func (discard) Decided(*policy.Decision, time.Duration) {}
func (discard) Panicked()                               {}
