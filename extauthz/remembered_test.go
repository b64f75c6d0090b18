package extauthz_test

import (
	"os"
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"

	"github.com/postern/postern/extauthz"
	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// publish puts other keys into the file of shop-idp, as who mounts it does.
func (w *fullWorld) publish(t testing.TB, keys ...*mint.Key) {
	t.Helper()
	fresh := w.keys + ".new"
	if err := os.WriteFile(fresh, mint.JWKS(keys...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(fresh, w.keys); err != nil {
		t.Fatal(err)
	}
}

// TestWhatIsRememberedEnds: what was verified and remembered ends in the check after its time, its key,
// its bundle or its root are over, after its provider is another, and after it is cut off.
func TestWhatIsRememberedEnds(t *testing.T) {
	certificate := func(t *testing.T, w *fullWorld) *authv3.CheckRequest { return w.of(t, web, "caller", "c") }
	token := func(t *testing.T, w *fullWorld) *authv3.CheckRequest { return w.user(t, "alice", "u") }
	workload := func(t *testing.T, w *fullWorld) *authv3.CheckRequest { return w.workload(t, web, "w") }
	ticket := func(t *testing.T, w *fullWorld) *authv3.CheckRequest { return w.ticket(t, ticketOf("alice"), "t") }
	after := func(d time.Duration) func(*testing.T, *fullWorld) {
		return func(_ *testing.T, w *fullWorld) { w.now = w.now.Add(d) }
	}
	cut := func(e identity.RevocationEntry) func(*testing.T, *fullWorld) {
		return func(t *testing.T, w *fullWorld) { w.revoke(t, e) }
	}
	trusting := func(staleAfter time.Duration, cas ...*mint.CA) func(*testing.T, *fullWorld) {
		return func(t *testing.T, w *fullWorld) {
			var until time.Time
			if staleAfter > 0 {
				until, cas = w.now.Add(staleAfter), []*mint.CA{w.ca}
			}
			bundles := bundleOf(t, until, cas...)
			w.current.Update(func(s *extauthz.Snapshot) { s.Callers.Bundles = bundles })
			w.now = w.now.Add(staleAfter)
		}
	}
	other := minttest.Key(t, "ES256", "k2")
	configured := func(old, with string) func(*testing.T, *fullWorld) {
		return func(t *testing.T, w *fullWorld) {
			if err := w.users.Configure(w.enforce(t, strings.Replace(fullPolicy, old, with, 1))); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tc := range map[string]struct {
		asked func(*testing.T, *fullWorld) *authv3.CheckRequest
		then  func(*testing.T, *fullWorld)
		want  string
	}{
		"a certificate: its time":              {certificate, after(24*time.Hour + time.Minute), "certificate_expired"},
		"a certificate: its root":              {certificate, trusting(0, minttest.CA(t, "shop.test")), "certificate_untrusted"},
		"a certificate: its trust domain":      {certificate, trusting(0, minttest.CA(t, "partner.test")), "trust_domain_unknown"},
		"a certificate: its bundle is stale":   {certificate, trusting(time.Minute), "bundle_stale"},
		"a certificate: its caller is cut off": {certificate, cut(identity.RevocationEntry{Callers: []string{web}}), "certificate_revoked"},
		"a certificate: its rule":              {certificate, configured("allow: [{name: frontends, callers: [spiffe://shop.test/ns/shop/sa/*]}]", "allow: [{callers: ["+orders+"]}]"), "caller_not_granted"},

		"a token: its time": {token, after(10 * time.Minute), "token_expired"},
		"a token: its key": {token, func(t *testing.T, w *fullWorld) {
			another := w.user(t, "bob", "b")
			w.publish(t, other)
			w.until(t, "the key is gone", func() bool { return !allowed(w.ask(t, another)) })
		}, "keys_pending"},
		"a token: its keys are stale":    {token, after(25 * time.Hour), "keys_unavailable"},
		"a token: its audience":          {token, configured("audiences: [shop-api]", "audiences: [other-api]"), "token_audience"},
		"a token: its issuer":            {token, configured("https://idp.shop.test/", "https://idp.other.test/"), "token_issuer"},
		"a token: its subject is cut":    {token, cut(identity.RevocationEntry{Providers: []string{"shop-idp"}, Subjects: []string{"alice"}}), "token_revoked"},
		"a token: its key is cut off":    {token, cut(identity.RevocationEntry{Providers: []string{"shop-idp"}, KeyIDs: []string{"k1"}}), "token_revoked"},
		"a JWT-SVID: its time":           {workload, after(10 * time.Minute), "token_expired"},
		"a JWT-SVID: its key":            {workload, func(t *testing.T, w *fullWorld) { w.trust(t, other) }, "token_key_unknown"},
		"a JWT-SVID: its bundle":         {workload, func(t *testing.T, w *fullWorld) { w.trust(t) }, "keys_unavailable"},
		"a JWT-SVID: its bundle's time":  {workload, func(t *testing.T, w *fullWorld) { w.users.Trust(jwtBundles(t, w.now.Add(-time.Second), w.workloads)) }, "keys_unavailable"},
		"a JWT-SVID: its audience":       {workload, configured("audiences: [orders]", "audiences: [others]"), "token_audience"},
		"a JWT-SVID: its caller is cut":  {workload, cut(identity.RevocationEntry{Callers: []string{web}}), "token_revoked"},
		"what was told: its subject cut": {ticket, cut(identity.RevocationEntry{Providers: []string{"tickets"}, Subjects: []string{"alice"}}), "token_revoked"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFullWorld(t)
			c := tc.asked(t, w)
			for range 3 { // verified, then remembered
				if r := w.ask(t, c); !allowed(r) {
					t.Fatalf("before: %v", r)
				}
			}
			tc.then(t, w)
			for range 2 {
				r := w.ask(t, c)
				if tc.want == "keys_pending" && strings.Contains(bodyOf(r), "token_key_unknown") {
					continue // the keys were read again meanwhile, and it is not among them
				}
				wantReason(t, r, tc.want)
			}
		})
	}
}

// TestWhatIsToldIsAskedOnce: what the issuer of a ticket told is remembered, by the ticket's bytes, and
// goes with the provider's configuration.
func TestWhatIsToldIsAskedOnce(t *testing.T) {
	w := newFullWorld(t)
	ticket := ticketOf("alice")
	for range 5 {
		if r := w.ask(t, w.ticket(t, ticket, "t")); !allowed(r) {
			t.Fatal(r)
		}
	}
	providers := w.enforce(t, fullPolicy)
	for i := range providers {
		providers[i].Digest[0]++
	}
	if err := w.users.Configure(providers); err != nil {
		t.Fatal(err)
	}
	w.ask(t, w.ticket(t, ticket, "t"))
	if n := w.asked[ticket]; n != 2 || len(w.asked) != 1 {
		t.Errorf("asked %v", w.asked)
	}
}
