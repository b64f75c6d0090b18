package extauthz_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"

	"github.com/postern/postern/extauthz"
	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/revocation"
	"github.com/postern/postern/identity/svid"
)

const usersPolicy = `
apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - name: health
    http: {methods: [GET], path: /healthz}
    allow: [{callers: [anyone]}]
  - name: mine
    http: {methods: [GET], path: /mine}
    allow: [{callers: [anyone], user: {provider: shop-idp}}]
  - name: either
    http: {methods: [GET], path: /either}
    allow: [{callers: [anyone], user: {provider: shop-idp, scopes: admin}}, {callers: [anyone]}]
    deny: [{headers: {x-debug: {present: true}}}]
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: shop-idp}
spec:
  jwt: {issuer: "https://idp.shop.test/", audiences: [shop-api], algorithms: [ES256], jwks: {file: keys.json}}
`

// A revokedWorld is a world with an identity provider.
type revokedWorld struct {
	*world
	key *mint.Key
}

func newRevokedWorld(t testing.TB) revokedWorld {
	t.Helper()
	w := revokedWorld{newWorld(t), minttest.Key(t, "ES256", "k1")}
	keys := minttest.File(t, "keys.json", mint.JWKS(w.key))
	users := provider.NewManager(provider.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { users.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	set := compile(t, usersPolicy)
	providers := set.Providers()
	providers[0].JWT.Keys.File, providers[0].JWT.Keys.Root = keys, filepath.Dir(keys)
	if err := users.Configure(providers); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; {
		w.current.Update(func(s *extauthz.Snapshot) { s.Policy, s.Users = set, users.Current() })
		if allowed(w.ask(t, w.with(t, "/mine"))) {
			return w
		}
		if time.Now().After(deadline) {
			t.Fatal("the keys were never read")
		}
		time.Sleep(time.Millisecond)
	}
}

// with is a request with a sound token of alice, but for the edits.
func (w revokedWorld) with(t testing.TB, path string, edits ...func(map[string]any)) *authv3.CheckRequest {
	t.Helper()
	token := minttest.Token(t, w.key, w.now, append([]func(map[string]any){mint.Set("jti", "t1"), mint.Set("sid", "s1")}, edits...)...)
	return check(t, w.world, web, setPath(path), addHeader("authorization", "Bearer "+token))
}

// revoke puts entries into force, in place of any others.
func (w *world) revoke(t testing.TB, entries ...identity.RevocationEntry) {
	t.Helper()
	for i := range entries {
		entries[i].At = fmt.Sprintf("incident.yaml:%d:5", 6+i)
		if entries[i].Until.IsZero() {
			entries[i].Until = w.now.Add(time.Hour)
		}
	}
	list, err := revocation.Compile(&identity.Revocation{Name: "incident-42", Entries: entries})
	if err != nil {
		t.Fatal(err)
	}
	w.current.Update(func(s *extauthz.Snapshot) { s.Revoked = list })
}

func TestACallerIsCutOff(t *testing.T) {
	w := newWorld(t)
	known := check(t, w, web)
	leaf := minttest.SVID(t, w.ca, web).Leaf()
	stolen := check(t, w, "", func(a *authv3.AttributeContext) {
		a.Source.Principal, a.Source.Certificate = web, mint.EnvoyCertificate(leaf)
	})
	for _, tc := range []struct {
		name      string
		entry     identity.RevocationEntry
		both, one bool // whether web is cut off with any certificate, and with the stolen one
	}{
		{"its ID", identity.RevocationEntry{Callers: []string{web}}, true, true},
		{"its namespace", identity.RevocationEntry{Callers: []string{"spiffe://shop.test/ns/shop/**"}}, true, true},
		{"its certificate", identity.RevocationEntry{TrustDomain: "shop.test", Serials: []string{fmt.Sprintf("%032x", leaf.SerialNumber)}}, false, true},
		{"the same number elsewhere", identity.RevocationEntry{TrustDomain: "partner.test", Serials: []string{fmt.Sprintf("%032x", leaf.SerialNumber)}}, false, false},
		{"another", identity.RevocationEntry{Callers: []string{orders}}, false, false},
		{"ended", identity.RevocationEntry{Callers: []string{web}, Until: w.now}, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w.revoke(t, tc.entry)
			for c, want := range map[*authv3.CheckRequest]bool{known: tc.both, stolen: tc.one} {
				r := w.ask(t, c)
				if !want {
					if !allowed(r) {
						t.Errorf("refused: %v", r)
					}
					continue
				}
				wantReason(t, r, "certificate_revoked")
				if got := r.GetDeniedResponse().GetStatus().GetCode(); got != 403 {
					t.Errorf("status %d", got)
				}
				if e := w.last(t); e.Caller.String() != web || e.Decision.Rule.String() != "incident.yaml:6:5" {
					t.Errorf("recorded %+v", e)
				}
			}
		})
	}
	w.revoke(t, identity.RevocationEntry{Callers: []string{"spiffe://shop.test/**"}})
	if r := w.ask(t, check(t, w, "")); !allowed(r) {
		t.Errorf("nobody is cut off: %v", r)
	}
}

// TestAnAssertedCallerIsCutOff by its ID; there is no certificate.
func TestAnAssertedCallerIsCutOff(t *testing.T) {
	w := newWorld(t)
	domains, err := svid.ParseAsserted("shop.test")
	if err != nil {
		t.Fatal(err)
	}
	w.current.Update(func(s *extauthz.Snapshot) { s.Callers.Asserted = domains })
	c := check(t, w, "", func(a *authv3.AttributeContext) { a.Source.Principal = web })
	w.revoke(t, identity.RevocationEntry{TrustDomain: "shop.test", Serials: []string{"00"}})
	if r := w.ask(t, c); !allowed(r) {
		t.Fatalf("before: %v", r)
	}
	w.revoke(t, identity.RevocationEntry{Callers: []string{web}})
	wantReason(t, w.ask(t, c), "certificate_revoked")
}

func TestATokenIsCutOff(t *testing.T) {
	w := newRevokedWorld(t)
	idp := []string{"shop-idp"}
	for _, tc := range []struct {
		name  string
		entry identity.RevocationEntry
		want  bool
	}{
		{"subject", identity.RevocationEntry{Subjects: []string{"alice"}}, true},
		{"another subject", identity.RevocationEntry{Subjects: []string{"bob"}}, false},
		{"token", identity.RevocationEntry{TokenIDs: []string{"t1"}}, true},
		{"session", identity.RevocationEntry{SessionIDs: []string{"s1"}}, true},
		{"key", identity.RevocationEntry{KeyIDs: []string{"k1"}}, true},
		{"issued before", identity.RevocationEntry{IssuedBefore: w.now.Add(time.Second)}, true},
		{"issued later", identity.RevocationEntry{IssuedBefore: w.now.Add(-time.Minute)}, false},
		{"ended", identity.RevocationEntry{Subjects: []string{"alice"}, Until: w.now}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.entry.Providers, tc.entry.Name = idp, "laptop"
			w.revoke(t, tc.entry)
			r := w.ask(t, w.with(t, "/mine"))
			if !tc.want {
				if !allowed(r) {
					t.Errorf("refused: %v", r)
				}
				return
			}
			wantReason(t, r, "token_revoked")
			if got := r.GetDeniedResponse().GetStatus().GetCode(); got != 401 {
				t.Errorf("status %d", got)
			}
			if text := r.String(); !strings.Contains(text, `error=\"invalid_token\"`) || strings.Contains(text, "incident") || strings.Contains(text, "laptop") {
				t.Errorf("the answer is %s", text)
			}
			e := w.last(t)
			if e.Decision.Rule.String() != "incident.yaml:6:5" || e.Decision.RuleName != "laptop" || e.User == nil || e.User.Subject != "alice" ||
				!strings.HasPrefix(e.Detail, "cut off by incident.yaml:6:5 (laptop) of the Revocation incident-42 until ") {
				t.Errorf("recorded %+v", e)
			}
		})
	}
}

// TestACutTokenHelpsNobody: on a route where nobody needs a user, one that is cut off denies as
// every bad credential does; where no credential is read, it is none.
func TestACutTokenHelpsNobody(t *testing.T) {
	w := newRevokedWorld(t)
	w.revoke(t, identity.RevocationEntry{Providers: []string{"shop-idp"}, Subjects: []string{"alice"}})
	wantReason(t, w.ask(t, w.with(t, "/either")), "token_revoked")
	if r := w.ask(t, check(t, w.world, web, setPath("/either"))); !allowed(r) {
		t.Errorf("without a token: %v", r)
	}
	if r := w.ask(t, w.with(t, "/healthz")); !allowed(r) {
		t.Errorf("where nobody looks: %v", r)
	}
	denied := w.with(t, "/either")
	addHeader("x-debug", "1")(denied.Attributes)
	wantReason(t, w.ask(t, denied), "denied_by_rule")
	if rule := w.last(t).Decision.Rule.String(); !strings.HasPrefix(rule, "orders.yaml:") {
		t.Errorf("the rule is %s", rule)
	}
	bad := w.with(t, "/mine", mint.Set("aud", "other"))
	wantReason(t, w.ask(t, bad), "token_audience") // a token that is no token of the provider is not said to be revoked
}

// TestTheTimeOfTheRequestCounts: nothing has to happen when an entry ends.
func TestTheTimeOfTheRequestCounts(t *testing.T) {
	w := newWorld(t)
	w.revoke(t, identity.RevocationEntry{Callers: []string{web}, Until: w.now.Add(time.Second)})
	c := check(t, w, web)
	wantReason(t, w.ask(t, c), "certificate_revoked")
	w.now = w.now.Add(time.Second)
	if r := w.ask(t, c); !allowed(r) {
		t.Errorf("after the end: %v", r)
	}
}
