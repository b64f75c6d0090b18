package extauthz

import (
	"testing"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
)

// BenchmarkRespond writes an answer of each kind into memory that had one before.
func BenchmarkRespond(b *testing.B) {
	caller := identity.ProvenCaller(spiffeid.RequireFromString("spiffe://shop.test/web"), [32]byte{1})
	alice := identity.Credential{Presented: true, User: &identity.User{Provider: "shop-idp", Subject: "alice", Scopes: []string{"orders:read", "orders:pay"}}}
	const id = "0b7f2d0e-8f8f-4b9e-9d5e-0d6f2b1b7a11"
	for name, c := range map[string]*call{
		"caller":    {request: policy.Request{ID: id, Caller: caller}, decision: policy.Decision{Allow: true}},
		"user":      {request: policy.Request{ID: id, Caller: caller, Credential: alice}, decision: policy.Decision{Allow: true}},
		"forbidden": {request: policy.Request{ID: id, Caller: caller}, decision: policy.Decision{Reason: reason.CallerNotGranted}},
		"challenge": {request: policy.Request{ID: id, Caller: caller, Credential: alice}, decision: policy.Decision{Reason: reason.StepUp}},
	} {
		b.Run(name, func(b *testing.B) {
			c.snapshot = &Snapshot{Policy: &policy.Set{}}
			b.ReportAllocs()
			for b.Loop() {
				if !c.decision.Allow {
					c.refuse()
				} else if err := c.permit(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
