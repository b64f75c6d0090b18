package issuer_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider/issuer"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
)

// A shelf is a provider whose keys are a file.
type shelf struct {
	t       *testing.T
	path    string
	source  kind.Source
	changed chan bool
}

func newShelf(t *testing.T, published ...*mint.Key) *shelf {
	t.Helper()
	s := &shelf{t: t, path: filepath.Join(t.TempDir(), "keys.json"), changed: make(chan bool, 8)}
	s.publish(published...)
	pool := keys.NewPool(keys.Options{Poll: 5 * time.Millisecond, Changed: func() { s.changed <- true }})
	t.Cleanup(pool.Close)
	source, err := issuer.Kind().New(config(mint.Issuer, s.path), kind.Env{Keys: pool, Memory: kind.NewMemory(kind.DefaultMemory)})
	if err != nil {
		t.Fatal(err)
	}
	if err := source.Start(); err != nil {
		t.Fatal(err)
	}
	s.source = source
	t.Cleanup(source.Stop)
	<-s.changed
	return s
}

func (s *shelf) publish(published ...*mint.Key) {
	s.t.Helper()
	fresh := s.path + ".new"
	if err := os.WriteFile(fresh, mint.JWKS(published...), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(fresh, s.path); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shelf) expect(p kind.Prover, raw string, at time.Time, caller identity.Caller, want reason.Code) {
	s.t.Helper()
	user, _, err := p.Prove(context.Background(), kind.NewPresented(raw, 4096, kind.Request{}), at, caller)
	if reason.Of(err) != want || (user != nil) != (want == reason.Allowed) {
		s.t.Errorf("got %v, %v, want %v", user, err, want)
	}
}

// TestKeptTokensEnd: a token that was verified and kept ends with its own time, with its key, and
// is only good from the caller that it is bound to.
func TestKeptTokensEnd(t *testing.T) {
	key, next := minttest.Key(t, "EdDSA", "k1"), minttest.Key(t, "EdDSA", "k2")
	s := newShelf(t, key)
	now, nobody := time.Now(), identity.Caller{}
	web := spiffeid.RequireFromString("spiffe://shop.test/ns/shop/sa/web")
	print := sha256.Sum256([]byte("one"))
	plain := minttest.Token(t, key, now)
	bound := minttest.Token(t, key, now, mint.Set("cnf", map[string]any{"x5t#S256": base64.RawURLEncoding.EncodeToString(print[:])}))
	owner, thief := identity.ProvenCaller(web, print), identity.ProvenCaller(web, sha256.Sum256(nil))

	p := s.source.Prover()
	for range 3 { // proven, then kept
		s.expect(p, plain, now, nobody, reason.Allowed)
		s.expect(p, bound, now, owner, reason.Allowed)
		s.expect(p, bound, now, thief, reason.TokenBinding)
		s.expect(p, bound, now, nobody, reason.TokenBinding)
		s.expect(p, plain, now.Add(10*time.Minute), nobody, reason.TokenExpired)
		s.expect(p, plain[:len(plain)-1], now, nobody, reason.TokenMalformed)
		s.expect(p, plain, now.Add(2*time.Hour), nobody, reason.KeysUnavailable)
	}

	s.publish(key, next)
	<-s.changed
	s.expect(s.source.Prover(), plain, now, nobody, reason.Allowed)
	s.publish(next)
	<-s.changed
	gone := s.source.Prover()
	for name, token := range map[string]string{"plain": plain, "bound": bound} {
		keystest.Until(t, name+": its key is gone", func() bool {
			user, _, err := gone.Prove(context.Background(), kind.NewPresented(token, 4096, kind.Request{}), now, owner)
			return user == nil && reason.Of(err) == reason.TokenKeyUnknown
		})
	}
}

// TestKeptTokensOutliveOtherProviders: a prover of the same keys knows what the one before proved.
func TestKeptTokensOutliveOtherProviders(t *testing.T) {
	key := minttest.Key(t, "EdDSA", "k1")
	s := newShelf(t, key)
	now := time.Now()
	token := minttest.Token(t, key, now)
	s.expect(s.source.Prover(), token, now, identity.Caller{}, reason.Allowed)
	p, caller, c := s.source.Prover(), identity.Caller{}, kind.NewPresented(token, 4096, kind.Request{})
	if n := testing.AllocsPerRun(100, func() { _, _, _ = p.Prove(context.Background(), c, now, caller) }); n != 0 {
		t.Errorf("a kept token costs %v allocations", n)
	}
}

// TestTheLongIsKept: every token that is accepted is proven once, the longest too.
func TestTheLongIsKept(t *testing.T) {
	key := minttest.Key(t, "EdDSA", "k1")
	s := newShelf(t, key)
	now := time.Now()
	token := minttest.Token(t, key, now)
	token = minttest.Token(t, key, now, mint.Set("long", strings.Repeat("x", (4096-len(token))*3/4-16)))
	if n := len(token); n < 4000 || n > 4096 { // as long as config allows
		t.Fatalf("the token has %d bytes", n)
	}
	s.expect(s.source.Prover(), token, now, identity.Caller{}, reason.Allowed)
	p, c := s.source.Prover(), kind.NewPresented(token, 4096, kind.Request{})
	if n := testing.AllocsPerRun(10, func() { _, _, _ = p.Prove(context.Background(), c, now, identity.Caller{}) }); n != 0 {
		t.Errorf("a long token was not kept: %v allocations", n)
	}
}
