package provider_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/reason"
)

// result returns what comes of a token at a provider.
func result(m *provider.Manager, name, token string) identity.Credential {
	return m.Current().Authenticate(context.Background(), []string{name}, bearer(token).request(), now(), identity.Caller{})
}

func TestConfigureRefuses(t *testing.T) {
	idp := keystest.New(t, minttest.Key(t, "ES256", "k1"))
	m := started(t, issuer(idp, "idp"))
	before := m.Current()
	for name, p := range map[string]identity.Provider{
		"no kind":                issuer(idp, "x", func(p *identity.Provider) { p.JWT = nil }),
		"no name":                issuer(idp, ""),
		"the name of another":    issuer(idp, "idp"),
		"no place":               issuer(idp, "x", func(p *identity.Provider) { p.From = identity.Place{} }),
		"a header and a cookie":  issuer(idp, "x", func(p *identity.Provider) { p.From.Cookie = "c" }),
		"a scheme for a cookie":  issuer(idp, "x", func(p *identity.Provider) { p.From = identity.Place{Cookie: "c", Scheme: "Bearer"} }),
		"a header in capitals":   issuer(idp, "x", func(p *identity.Provider) { p.From.Header = "Authorization" }),
		"a pseudo-header":        issuer(idp, "x", func(p *identity.Provider) { p.From.Header = ":path" }),
		"the cookie header":      issuer(idp, "x", func(p *identity.Provider) { p.From.Header = "cookie" }),
		"a scheme of two words":  issuer(idp, "x", func(p *identity.Provider) { p.From.Scheme = "Bearer X" }),
		"a cookie with equals":   issuer(idp, "x", func(p *identity.Provider) { p.From = identity.Place{Cookie: "a=b"} }),
		"a cookie with a space":  issuer(idp, "x", func(p *identity.Provider) { p.From = identity.Place{Cookie: "a b"} }),
		"an algorithm none":      issuer(idp, "x", func(p *identity.Provider) { p.JWT.Algorithms = []string{"none"} }),
		"keys over http":         issuer(idp, "x", func(p *identity.Provider) { p.JWT.Keys.URL = "http://idp.test/" }),
		"keys from nowhere":      issuer(idp, "x", func(p *identity.Provider) { p.JWT.Keys.URL = "" }),
		"keys from two sources":  issuer(idp, "x", func(p *identity.Provider) { p.JWT.Keys.File, p.JWT.Keys.Root = "/keys.json", "/" }),
		"keys that never go bad": issuer(idp, "x", func(p *identity.Provider) { p.JWT.Keys.MaxStale = 0 }),
	} {
		t.Run(name, func(t *testing.T) {
			if err := m.Configure([]identity.Provider{issuer(idp, "idp"), issuer(idp, "new"), p}); err == nil {
				t.Error("accepted")
			}
			if m.Current() != before {
				t.Error("something changed")
			}
		})
	}
}

// TestReload: what did not change goes on with its keys, and what changed keeps them too
// when they come from where they came from.
func TestReload(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	idp, other := keystest.New(t, key), keystest.New(t, key)
	var mu sync.Mutex
	var sets []*provider.Set
	m := manager(t, provider.Options{Interval: time.Hour, Changed: func(s *provider.Set) {
		mu.Lock()
		defer mu.Unlock()
		sets = append(sets, s)
	}})
	configure(t, m, issuer(idp, "idp"))
	token := sign(t, idp, key)
	keystest.Until(t, "keys", func() bool { return result(m, "idp", token).User != nil })

	configure(t, m, issuer(idp, "idp"), issuer(other, "other"))
	expect(t, result(m, "idp", token), reason.Allowed)
	stricter := issuer(idp, "idp", func(p *identity.Provider) {
		p.JWT.Audiences, p.JWT.Keys.Refresh, p.JWT.Keys.MaxStale = []string{"x"}, time.Minute, time.Hour
	})
	configure(t, m, stricter, issuer(other, "other"))
	expect(t, result(m, "idp", token), reason.TokenAudience)
	configure(t, m, issuer(idp, "renamed"), issuer(other, "other"))
	expect(t, result(m, "renamed", token), reason.Allowed)
	expect(t, result(m, "idp", token), reason.Internal)
	keystest.Until(t, "the other's keys", func() bool { return result(m, "other", sign(t, other, key)).User != nil })
	if n := len(idp.Fetches()); n != 1 {
		t.Errorf("%d fetches of keys that were there", n)
	}

	moved := issuer(idp, "renamed", func(p *identity.Provider) { p.JWT.Keys = idp.ByDiscovery() })
	configure(t, m, moved)
	keystest.Until(t, "the keys from elsewhere", func() bool { return result(m, "renamed", token).User != nil })
	told := func() []*provider.Set { mu.Lock(); defer mu.Unlock(); return slices.Clone(sets) }
	keystest.Until(t, "the last set, which is in force a moment before it is told", func() bool { return len(told()) >= 8 })
	if all := told(); len(all) != 8 || all[7] != m.Current() { // five by Configure, three by keys
		t.Errorf("%d sets", len(all))
	}
}

// TestOldSetStaysWhole: a request that began with a set ends with it.
func TestOldSetStaysWhole(t *testing.T) {
	first, second := minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k2")
	idp := keystest.New(t, first)
	m := started(t, issuer(idp, "idp", func(p *identity.Provider) { p.JWT.Keys.Refresh = 10 * time.Millisecond }))
	old := m.Current()
	idp.Publish(second)
	token := sign(t, idp, second)
	keystest.Until(t, "the new key", func() bool { return result(m, "idp", token).User != nil })
	expect(t, old.Authenticate(context.Background(), []string{"idp"}, bearer(sign(t, idp, first)).request(), now(), identity.Caller{}), reason.Allowed)
	configure(t, m)
	expect(t, old.Authenticate(context.Background(), []string{"idp"}, bearer(sign(t, idp, first)).request(), now(), identity.Caller{}), reason.Allowed)
}

// TestRotation: a new key works as soon as it is asked for, a removed one stops.
func TestRotation(t *testing.T) {
	first, second := minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k2")
	idp := keystest.New(t, first)
	// For twice the interval after a fetch began, nobody is asked again for what it did not bring.
	m := manager(t, provider.Options{Interval: time.Second})
	configure(t, m, issuer(idp, "idp"))
	old, fresh := sign(t, idp, first), sign(t, idp, second)
	keystest.Until(t, "the first key", func() bool { return result(m, "idp", old).User != nil })
	idp.Publish(second)
	expect(t, result(m, "idp", fresh), reason.KeysPending)
	keystest.Until(t, "the new key", func() bool { return result(m, "idp", fresh).User != nil })
	keystest.Until(t, "the end of the old one", func() bool { return result(m, "idp", old).Reason == reason.TokenKeyUnknown })
	if ids := m.Current().Status()[0].Keys.KeyIDs; len(ids) != 1 || ids[0] != "k2" {
		t.Errorf("keys %q", ids)
	}
}

// TestGarbageFetchesNothing: only a token that could be the issuer's asks for its keys.
func TestGarbageFetchesNothing(t *testing.T) {
	key, stranger := minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k2")
	es384 := minttest.Key(t, "ES384", "k3")
	idp := keystest.New(t, key)
	m := started(t, issuer(idp, "idp"))
	time.Sleep(20 * time.Millisecond) // the interval: from now on, whatever may fetch, fetches at once
	for name, token := range map[string]string{
		"garbage":          "canary",
		"a bad signature":  sign(t, idp, key)[:200],
		"another issuer":   sign(t, idp, stranger, mint.Set("iss", "https://elsewhere.test")),
		"another alg":      sign(t, idp, es384),
		"another typ":      minttest.Sign(t, stranger, stranger.Header("logout+jwt"), mint.Claims(now(), mint.Set("iss", idp.URL))),
		"an embedded key":  minttest.Sign(t, stranger, map[string]any{"alg": "ES256", "kid": "k2", "jwk": stranger.JWK()}, mint.Claims(now(), mint.Set("iss", idp.URL))),
		"a stranger's key": minttest.Sign(t, stranger, key.Header("at+jwt"), mint.Claims(now(), mint.Set("iss", idp.URL))),
		"too large":        sign(t, idp, stranger, mint.Set("x", strings.Repeat("x", 8<<10))),
	} {
		if c := result(m, "idp", token); c.User != nil || c.Reason == reason.KeysPending {
			t.Errorf("%s: %v", name, c.Reason)
		}
	}
	if n := len(idp.Fetches()); n != 1 {
		t.Errorf("%d fetches", n)
	}
	expect(t, result(m, "idp", sign(t, idp, stranger)), reason.KeysPending)
	keystest.Until(t, "a fetch", func() bool { return len(idp.Fetches()) == 2 })
}

// TestNoKidFetchesNothing: when no kid is named and two keys fit, no other key is the answer.
func TestNoKidFetchesNothing(t *testing.T) {
	idp := keystest.New(t, minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k2"))
	m := started(t, issuer(idp, "idp"))
	time.Sleep(20 * time.Millisecond) // as above
	for range 2 {
		expect(t, result(m, "idp", sign(t, idp, minttest.Key(t, "ES256", ""))), reason.TokenKeyUnknown)
	}
	if n := len(idp.Fetches()); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

// TestIssuerDown: its tokens fail with a reason of their own, garbage fails as garbage, and
// the issuer beside it is not touched.
func TestIssuerDown(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	up, down := keystest.New(t, key), keystest.New(t, key)
	down.Answer("/jwks", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	var mu sync.Mutex
	var reports []keys.Status
	m := manager(t, provider.Options{Interval: 50 * time.Millisecond, Report: func(s keys.Status) {
		mu.Lock()
		defer mu.Unlock()
		reports = append(reports, s)
	}})
	configure(t, m, issuer(up, "up"), issuer(down, "down"))
	keystest.Until(t, "the keys of the one", func() bool { return result(m, "up", sign(t, up, key)).User != nil })
	expect(t, result(m, "down", sign(t, down, key)), reason.KeysUnavailable)
	expect(t, result(m, "down", "canary"), reason.TokenMalformed)
	expect(t, result(m, "down", sign(t, up, key)), reason.TokenIssuer)
	keystest.Until(t, "a report", func() bool { mu.Lock(); defer mu.Unlock(); return len(reports) > 0 })
	down.Answer("/jwks", nil)
	keystest.Until(t, "recovery", func() bool { return result(m, "down", sign(t, down, key)).User != nil })
	keystest.Until(t, "its report", func() bool { mu.Lock(); defer mu.Unlock(); return len(reports) == 2 })
	if reports[0].Issuer != down.URL || reports[0].Error == "" || reports[1].Error != "" {
		t.Errorf("reports %+v", reports)
	}
}

// TestStaleKeys: keys that could not be confirmed for too long are no keys.
func TestStaleKeys(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	idp := keystest.New(t, key)
	m := started(t, issuer(idp, "idp", func(p *identity.Provider) { p.JWT.Keys.MaxStale = time.Hour }))
	token := bearer(sign(t, idp, key, mint.Set("exp", now().Add(3*time.Hour).Unix())))
	for after, want := range map[time.Duration]reason.Code{
		59 * time.Minute: reason.Allowed, 61 * time.Minute: reason.KeysUnavailable, -time.Minute: reason.TokenNotYetValid,
	} {
		expect(t, m.Current().Authenticate(context.Background(), []string{"idp"}, token.request(), now().Add(after), identity.Caller{}), want)
	}
}

// TestLeakedKeyStops: the moment an issuer publishes a private key, that key proves nothing.
func TestLeakedKeyStops(t *testing.T) {
	leaked, sound := minttest.Key(t, "ES256", "leaked"), minttest.Key(t, "ES256", "sound")
	idp := keystest.New(t, leaked, sound)
	m := started(t, issuer(idp, "idp", func(p *identity.Provider) { p.JWT.Keys.Refresh = 10 * time.Millisecond }))
	expect(t, result(m, "idp", sign(t, idp, leaked)), reason.Allowed)
	private := leaked.JWK()
	private["d"] = "AQAB"
	text, err := json.Marshal(map[string]any{"keys": []any{private, sound.JWK()}})
	if err != nil {
		t.Fatal(err)
	}
	idp.Answer("/jwks", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text) })
	keystest.Until(t, "the end of the leaked key", func() bool { return result(m, "idp", sign(t, idp, leaked)).User == nil })
	expect(t, result(m, "idp", sign(t, idp, sound)), reason.Allowed)
	if st := m.Current().Status()[0].Keys; len(st.Skipped) != 1 || st.Skipped[0].KeyID != "leaked" {
		t.Errorf("status %+v", st)
	}
}

func TestStatus(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	idp := keystest.New(t, key)
	m := started(t, issuer(idp, "b"), issuer(idp, "a", func(p *identity.Provider) { p.JWT.Keys.URL += "?secret=canary" }))
	status := m.Current().Status()
	text, err := json.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	if len(status) != 2 || status[0].Name != "a" || status[1].Kind != "jwt" || !strings.HasPrefix(status[0].Digest, "01") || strings.Contains(string(text), "canary") {
		t.Errorf("status %s", text)
	}
}

// TestEndedManager: when Run has ended nothing is fetched, nothing is configured, and what
// was there still answers.
func TestEndedManager(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	idp := keystest.New(t, key)
	m := provider.NewManager(provider.Options{Interval: time.Millisecond})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { m.Run(ctx); close(ended) }()
	configure(t, m, issuer(idp, "idp"))
	keystest.Until(t, "keys", func() bool { return result(m, "idp", sign(t, idp, key)).User != nil })
	cancel()
	<-ended
	expect(t, result(m, "idp", sign(t, idp, key)), reason.Allowed)
	if err := m.Configure([]identity.Provider{issuer(idp, "new")}); err == nil {
		t.Error("configured after the end")
	}
	if err := m.Configure(nil); err != nil || len(m.Current().Status()) != 0 {
		t.Errorf("taking away: %v", err)
	}
}

// TestConcurrently has requests, reloads and rotations at once, for the race detector.
func TestConcurrently(t *testing.T) {
	a, b := minttest.Key(t, "EdDSA", "a"), minttest.Key(t, "EdDSA", "b")
	idp := keystest.New(t, a, b)
	m := manager(t, provider.Options{Interval: time.Millisecond})
	configs := [][]identity.Provider{
		{issuer(idp, "idp")},
		{issuer(idp, "idp", func(p *identity.Provider) { p.JWT.Keys.Refresh = time.Millisecond }), issuer(idp, "new")},
	}
	configure(t, m, configs[0]...)
	keystest.Until(t, "keys", func() bool { return result(m, "idp", sign(t, idp, a)).User != nil })
	tokens := []string{sign(t, idp, a), sign(t, idp, b), sign(t, idp, minttest.Key(t, "EdDSA", "c"))}
	deadline := now().Add(300 * time.Millisecond)
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for n := 0; now().Before(deadline); n++ {
				c := result(m, "idp", tokens[(n+i)%3])
				if (n+i)%3 == 2 && c.User != nil || (n+i)%3 == 0 && c.User == nil {
					t.Errorf("token %d: %v (%v)", (n+i)%3, c.Reason, c.Cause)
					return
				}
				m.Current().Status()
			}
		})
	}
	for n := 0; now().Before(deadline); n++ {
		configure(t, m, configs[n%2]...)
		if n%3 == 0 {
			idp.Publish(a)
		} else {
			idp.Publish(a, b)
		}
		time.Sleep(time.Millisecond)
	}
	group.Wait()
}
