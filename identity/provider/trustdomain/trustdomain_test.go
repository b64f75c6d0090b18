package trustdomain_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/jwtsvid"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/provider/trustdomain"
	"github.com/postern/postern/identity/reason"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const web = "spiffe://shop.test/ns/shop/sa/web"

func config() identity.Provider {
	return identity.Provider{Name: "workloads", JWTSVID: &identity.JWTSVIDs{
		TrustDomain: "shop.test", Audiences: []string{"orders"}, Algorithms: identity.JWTSVIDAlgorithms(),
		MaxLifetime: time.Hour, MaxSize: 8 << 10,
	}}
}

// A world is a source and the bundles that it is fed with.
type world struct {
	t      testing.TB
	source kind.Source
	now    *jwtsvid.Bundles
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t}
	source, err := trustdomain.Kind().New(config(), kind.Env{Bundles: func() *jwtsvid.Bundles { return w.now }, Memory: kind.NewMemory(kind.DefaultMemory)})
	if err != nil {
		t.Fatal(err)
	}
	if err := source.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(source.Stop)
	w.source = source
	return w
}

// have makes the keys the JWT authorities of shop.test, stale from a time on.
func (w *world) have(until time.Time, keys ...*mint.Key) {
	w.t.Helper()
	set := make([]map[string]any, len(keys))
	for i, k := range keys {
		set[i] = k.JWK()
		delete(set[i], "use")
	}
	text, err := json.Marshal(map[string]any{"keys": set})
	if err != nil {
		w.t.Fatal(err)
	}
	parsed, err := jose.ParseJWTBundle(text)
	if err != nil {
		w.t.Fatal(err)
	}
	b, err := jwtsvid.NewBundle(spiffeid.RequireTrustDomainFromString("shop.test"), parsed)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.now, err = jwtsvid.NewBundles(b.Until(until)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) expect(p kind.Prover, raw string, at time.Time, want reason.Code) {
	w.t.Helper()
	user, wait, err := p.Prove(context.Background(), kind.NewPresented(raw, 64<<10, kind.Request{}), at, identity.Caller{})
	if reason.Of(err) != want || (user != nil) != (want == reason.Allowed) || (wait > 0) != want.Unavailable() {
		w.t.Errorf("got %v, %d, %v, want %v", user, wait, err, want)
	}
}

func token(t testing.TB, key *mint.Key, edits ...func(map[string]any)) string {
	t.Helper()
	claims := map[string]any{"sub": web, "aud": []string{"orders"}, "iat": noon.Unix(), "exp": noon.Add(5 * time.Minute).Unix()}
	for _, edit := range edits {
		edit(claims)
	}
	return minttest.Sign(t, key, key.Header("JWT"), claims)
}

// TestKeptTokensEnd: a JWT-SVID that was verified and kept ends with its own time, with its bundle's,
// and with its key. Other keys, and an agent that is gone, leave it.
func TestKeptTokensEnd(t *testing.T) {
	key, next := minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k2")
	w := newWorld(t)
	raw := token(t, key)
	w.expect(w.source.Prover(), raw, noon, reason.KeysUnavailable)
	w.have(time.Time{}, key)
	live := w.source.Prover()
	for range 3 { // proven, then kept
		w.expect(live, raw, noon, reason.Allowed)
		w.expect(live, raw, noon.Add(5*time.Minute), reason.TokenExpired)
		w.expect(live, raw, noon.Add(-time.Second), reason.TokenNotYetValid)
		w.expect(live, raw[:len(raw)-1], noon, reason.TokenMalformed)
	}
	presented := kind.NewPresented(raw, 8<<10, kind.Request{})
	if n := testing.AllocsPerRun(100, func() { _, _, _ = live.Prove(context.Background(), presented, noon, identity.Caller{}) }); n != 0 {
		t.Errorf("a kept token costs %v allocations", n)
	}
	w.have(noon.Add(time.Second), key) // the agent is gone
	gone := w.source.Prover()
	if n := testing.AllocsPerRun(100, func() { _, _, _ = gone.Prove(context.Background(), presented, noon, identity.Caller{}) }); n != 0 {
		t.Errorf("what was verified is not kept while the agent is gone: %v allocations", n)
	}
	w.expect(gone, raw, noon.Add(time.Second-1), reason.Allowed)
	w.expect(gone, raw, noon.Add(time.Second), reason.KeysUnavailable)
	w.have(time.Time{}, next)
	w.expect(w.source.Prover(), raw, noon, reason.TokenKeyUnknown)
	w.now = nil
	w.expect(w.source.Prover(), raw, noon, reason.KeysUnavailable)
	w.have(time.Time{}, next, key)
	w.expect(w.source.Prover(), raw, noon, reason.Allowed)
}

func TestMatch(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	p := newWorld(t).source.Prover()
	for name, tc := range map[string]struct {
		raw  string
		want kind.Match
	}{
		"its own":              {token(t, key), kind.Own},
		"with any iss":         {token(t, key, mint.Set("iss", mint.Issuer)), kind.Own},
		"another audience":     {token(t, key, mint.Set("aud", "x")), kind.Kin},
		"no audience":          {token(t, key, mint.Without("aud")), kind.Kin},
		"another trust domain": {token(t, key, mint.Set("sub", "spiffe://partner.test/a")), kind.None},
		"a trust domain":       {token(t, key, mint.Set("sub", "spiffe://shop.test")), kind.None},
		"an access token":      {minttest.Token(t, key, noon), kind.None},
		"garbage":              {"canary", kind.None},
	} {
		if got := p.Match(kind.NewPresented(tc.raw, 8<<10, kind.Request{})); got != tc.want {
			t.Errorf("%s: got %d, want %d", name, got, tc.want)
		}
	}
	if p.MaxSize() != 8<<10 {
		t.Errorf("size %d", p.MaxSize())
	}
}

func TestInspect(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	i, err := trustdomain.Kind().Inspect(config())
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]reason.Code{
		token(t, key):                       reason.Allowed,
		token(t, key, mint.Set("aud", "x")): reason.TokenAudience,
		token(t, key, mint.Set("sub", "spiffe://partner.test/a")):                                 reason.TokenIssuer,
		token(t, key, mint.Set("iat", noon.Add(-time.Hour).Unix()), mint.Set("exp", noon.Unix())): reason.TokenExpired,
		"canary": reason.TokenMalformed,
	} {
		if got := reason.Of(i.InspectUnverified(kind.NewPresented(raw, 8<<10, kind.Request{}), noon)); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if _, err := trustdomain.Kind().Inspect(identity.Provider{}); err == nil {
		t.Error("inspects a provider of something else")
	}
	if _, err := trustdomain.Kind().New(identity.Provider{}, kind.Env{}); err == nil {
		t.Error("takes a provider of something else")
	}
}

func TestKeys(t *testing.T) {
	w := newWorld(t)
	if s := w.source.Health().Keys; s.Keys != 0 || s.Issuer != "spiffe://shop.test" || !strings.Contains(s.Error, "no JWT bundle") {
		t.Errorf("%+v", s)
	}
	w.have(time.Time{}, minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", ""))
	if s := w.source.Health().Keys; s.Keys != 1 || fmt.Sprint(s.KeyIDs) != "[k1]" || s.Error != "" || len(s.Digest) != 64 || len(s.Skipped) != 1 {
		t.Errorf("%+v", s)
	}
	w.have(noon, minttest.Key(t, "ES256", "k1"))
	if s := w.source.Health().Keys; !strings.Contains(s.Error, "2026-11-22T12:00:00Z") {
		t.Errorf("%+v", s)
	}
}

func ExampleKind() {
	k := trustdomain.Kind()
	fmt.Println(k.Name, k.Is(config()), k.Is(identity.Provider{JWT: &identity.JWTIssuer{Issuer: "https://idp.shop.test/"}}))
	// Output: jwt-svid true false
}

func BenchmarkProve(b *testing.B) {
	key := minttest.Key(b, "ES256", "k1")
	w := newWorld(b)
	w.have(time.Time{}, key)
	p, raw := w.source.Prover(), token(b, key)
	b.Run("kept", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := p.Prove(context.Background(), kind.NewPresented(raw, 8<<10, kind.Request{}), noon, identity.Caller{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
