package extauthz_test

import (
	"fmt"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"go.uber.org/zap"

	"github.com/postern/postern/extauthz"
	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/age/agetest"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// timedPolicy has a rule that asks how long ago the user logged in, and an onboarding that ends.
func timedPolicy(until time.Time) string {
	return usersPolicy + fmt.Sprintf(`---
apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: recent, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - name: recent
    http: {methods: [GET], path: /recent}
    allow: [{callers: [anyone], user: {provider: shop-idp, maxAge: 5m}}]
---
apiVersion: postern.dev/v1alpha1
kind: MeshPolicy
metadata: {name: company}
spec:
  onboarding:
  - {workloads: [spiffe://shop.test/ns/shop/sa/orders], until: %s}
`, until.UTC().Format(time.RFC3339))
}

// TestTimeBoundaries is each rule about time at its bound, one second either side, asked of the
// whole server: what was asked before, and is kept, makes no difference.
func TestTimeBoundaries(t *testing.T) {
	w := newRevokedWorld(t)
	base := w.now.Truncate(time.Second).Add(2 * time.Minute)
	claim := func(name string, at time.Time) func(map[string]any) { return mint.Set(name, at.Unix()) }
	born := claim("iat", base.Add(-time.Minute))
	for name, tc := range map[string]struct {
		path   string
		claims []func(map[string]any)
		cut    identity.RevocationEntry
		want   map[time.Duration]string // by what is added to base; "" is allowed
	}{
		"exp, with a skew of 30 s": {"/mine", []func(map[string]any){born, claim("exp", base)}, identity.RevocationEntry{},
			map[time.Duration]string{-time.Second: "", 0: "", 29 * time.Second: "", 30 * time.Second: "token_expired", 31 * time.Second: "token_expired"}},
		"nbf, with a skew of 30 s": {"/mine", []func(map[string]any){born, claim("nbf", base)}, identity.RevocationEntry{},
			map[time.Duration]string{-31 * time.Second: "token_not_yet_valid", -30 * time.Second: "", -29 * time.Second: ""}},
		"iat, with a skew of 30 s": {"/mine", []func(map[string]any){claim("iat", base), claim("auth_time", base)}, identity.RevocationEntry{},
			map[time.Duration]string{-31 * time.Second: "token_not_yet_valid", -30 * time.Second: "", -29 * time.Second: ""}},
		"auth_time in the future": {"/mine", []func(map[string]any){born, claim("auth_time", base)}, identity.RevocationEntry{},
			map[time.Duration]string{-31 * time.Second: "token_claims", -30 * time.Second: "", -29 * time.Second: ""}},
		"a lifetime of a day": {"/mine", []func(map[string]any){born, claim("exp", base.Add(24*time.Hour-time.Minute))}, identity.RevocationEntry{},
			map[time.Duration]string{0: ""}},
		"a second more than a day": {"/mine", []func(map[string]any){born, claim("exp", base.Add(24*time.Hour-time.Minute+time.Second))}, identity.RevocationEntry{},
			map[time.Duration]string{0: "token_lifetime"}},
		"a second less than a day": {"/mine", []func(map[string]any){born, claim("exp", base.Add(24*time.Hour-time.Minute-time.Second))}, identity.RevocationEntry{},
			map[time.Duration]string{0: ""}},
		"maxAge of 5 m": {"/recent", []func(map[string]any){born, claim("auth_time", base.Add(-5*time.Minute)), claim("exp", base.Add(time.Hour))}, identity.RevocationEntry{},
			map[time.Duration]string{-time.Second: "", 0: "", time.Second: "step_up_required"}},
		"a revocation's until": {"/mine", []func(map[string]any){born}, identity.RevocationEntry{Providers: []string{"shop-idp"}, TokenIDs: []string{"t1"}, Until: base},
			map[time.Duration]string{-time.Second: "token_revoked", 0: "", time.Second: ""}},
		"issued before, by a second": {"/mine", []func(map[string]any){claim("iat", base.Add(-time.Second))}, issuedBefore(base),
			map[time.Duration]string{time.Minute: "token_revoked"}},
		"issued just then": {"/mine", []func(map[string]any){claim("iat", base)}, issuedBefore(base),
			map[time.Duration]string{time.Minute: ""}},
		"issued a second after": {"/mine", []func(map[string]any){claim("iat", base.Add(time.Second))}, issuedBefore(base),
			map[time.Duration]string{time.Minute: ""}},
		"onboarding's until": {"/nowhere", nil, identity.RevocationEntry{},
			map[time.Duration]string{59*time.Minute + 59*time.Second: "", time.Hour: "no_route", time.Hour + time.Second: "no_route"}},
	} {
		t.Run(name, func(t *testing.T) {
			set := compile(t, timedPolicy(base.Add(time.Hour)))
			if tc.path != "/nowhere" { // what onboarding would let through
				set = compile(t, timedPolicy(base.Add(-time.Hour)))
			}
			w.current.Update(func(s *extauthz.Snapshot) { s.Policy, s.Revoked = set, nil })
			if tc.cut.Providers != nil {
				w.revoke(t, tc.cut)
			}
			token := minttest.Token(t, w.key, base, append([]func(map[string]any){mint.Set("jti", "t1")}, tc.claims...)...)
			for range 2 {
				for after, want := range tc.want {
					w.now = base.Add(after)
					r := w.ask(t, check(t, w.world, "", setPath(tc.path), addHeader("authorization", "Bearer "+token)))
					if want == "" && !allowed(r) {
						t.Errorf("%v after: %v", after, r)
					}
					if want != "" {
						wantReason(t, r, want)
					}
				}
			}
		})
	}
}

func issuedBefore(t time.Time) identity.RevocationEntry {
	return identity.RevocationEntry{Providers: []string{"shop-idp"}, IssuedBefore: t, Until: t.Add(time.Hour)}
}

// TestClockSteps puts the machine's clock forward and back by an hour while the server serves: what
// is over by the clock is refused and comes back with it, nothing else changes, and no check takes
// the step for the time that it took.
func TestClockSteps(t *testing.T) {
	w := newRevokedWorld(t)
	var clock agetest.Clock
	w.Server = extauthz.Poisoned(extauthz.Config{Current: w.current, Records: w, Metrics: w, Log: zap.NewNop(), Now: clock.Now})
	now := time.Now()
	leaf := minttest.SVID(t, w.ca, web, mint.Now(now.Add(-30*time.Minute)), mint.Lifetime(time.Hour)).Leaf()
	certificate := func(a *authv3.AttributeContext) {
		a.Source.Principal, a.Source.Certificate = web, mint.EnvoyCertificate(leaf)
	}
	set := compile(t, usersPolicy+"---\n"+policiesOf("read"))
	w.current.Update(func(s *extauthz.Snapshot) { s.Policy = set })
	short := minttest.Token(t, w.key, now)
	long := minttest.Token(t, w.key, now.Add(-2*time.Hour), mint.Set("exp", now.Add(4*time.Hour).Unix()))
	for i, step := range []struct {
		by                 time.Duration
		mtls, short, long_ string // "" is allowed
	}{
		{0, "", "", ""},
		{time.Hour, "certificate_expired", "token_expired", ""},
		{0, "", "", ""},
		{-time.Hour, "certificate_not_yet_valid", "token_not_yet_valid", ""},
		{0, "", "", ""},
	} {
		clock.Set(step.by)
		for want, c := range map[*string]*authv3.CheckRequest{
			&step.mtls:  check(t, w.world, "", setPath("/orders/1"), certificate),
			&step.short: check(t, w.world, "", setPath("/mine"), addHeader("authorization", "Bearer "+short)),
			&step.long_: check(t, w.world, "", setPath("/mine"), addHeader("authorization", "Bearer "+long)),
		} {
			r := w.ask(t, c)
			if *want == "" && !allowed(r) {
				t.Errorf("step %d, %v: %v", i, step.by, r)
			}
			if *want != "" {
				wantReason(t, r, *want)
			}
			if took := w.last(t).Latency; took < 0 || took > time.Minute {
				t.Errorf("step %d, %v: it took %v", i, step.by, took)
			}
		}
	}
}

// TestClockStepsDuringACheck: the time that a check took is not what the clock was put by.
func TestClockStepsDuringACheck(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		w := newWorld(t)
		var clock agetest.Clock
		looks := 0
		w.Server = extauthz.Poisoned(extauthz.Config{Current: w.current, Records: w, Metrics: w, Log: zap.NewNop(), Now: func() time.Time {
			if looks++; looks == 2 {
				clock.Set(by)
			}
			return clock.Now()
		}})
		if r := w.ask(t, check(t, w, web, setPath("/orders/1"))); !allowed(r) {
			t.Errorf("by %v: %v", by, r)
		}
		if took := w.last(t).Latency; took < 0 || took > time.Minute {
			t.Errorf("by %v: it took %v", by, took)
		}
	}
}

// policiesOf is a policy with the route of the world's that is for web alone.
func policiesOf(name string) string {
	return `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: ` + name + `, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - name: ` + name + `
    http: {methods: [GET], path: "/orders/{id}"}
    allow: [{callers: [spiffe://shop.test/ns/shop/sa/web]}]
`
}
