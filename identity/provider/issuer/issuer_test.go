package issuer_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider/issuer"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
)

func config(issuer, file string) identity.Provider {
	return identity.Provider{Name: "idp", JWT: &identity.JWTIssuer{
		Issuer: issuer, Audiences: []string{mint.Audience}, Algorithms: []string{"EdDSA"}, Use: identity.UseAccess,
		Types: []string{"at+jwt"}, MaxLifetime: time.Hour, MaxSize: 4096,
		Keys: identity.KeySource{File: file, Root: filepath.Dir(file), Refresh: time.Minute, MaxStale: time.Hour},
	}}
}

// TestProverIsOfOneTime: a prover keeps the keys it was made with, and asks for others.
func TestProverIsOfOneTime(t *testing.T) {
	key := minttest.Key(t, "EdDSA", "k1")
	changed := make(chan bool, 8)
	pool := keys.NewPool(keys.Options{Poll: 300 * time.Millisecond, Changed: func() { changed <- true }})
	t.Cleanup(pool.Close)
	path := filepath.Join(t.TempDir(), "keys.json")
	source, err := issuer.Kind().New(config(mint.Issuer, path), kind.Env{Keys: pool, Memory: kind.NewMemory(kind.DefaultMemory)})
	if err != nil || source.Health().Keys != nil {
		t.Fatal(err, source.Health().Keys)
	}
	if err := source.Start(); err != nil {
		t.Fatal(err)
	}
	defer source.Stop()
	if source.Start() == nil {
		t.Error("started twice")
	}
	early := source.Prover()
	if err := os.WriteFile(path, mint.JWKS(key), 0o600); err != nil {
		t.Fatal(err)
	}
	<-changed
	late := source.Prover()
	sound := kind.NewPresented(minttest.Token(t, key, time.Now()), 4096, kind.Request{})
	for name, want := range map[string]reason.Code{"early": reason.KeysUnavailable, "late": reason.Allowed} {
		prover := map[string]kind.Prover{"early": early, "late": late}[name]
		user, wait, err := prover.Prove(context.Background(), sound, time.Now(), identity.Caller{})
		if reason.Of(err) != want || (user != nil) != (want == reason.Allowed) || (wait > 0) != want.Unavailable() {
			t.Errorf("%s: %v, %d, %v", name, user, wait, err)
		}
	}
	unknown := kind.NewPresented(minttest.Token(t, minttest.Key(t, "EdDSA", "k2"), time.Now()), 4096, kind.Request{})
	if _, wait, err := late.Prove(context.Background(), unknown, time.Now(), identity.Caller{}); reason.Of(err) != reason.KeysPending || wait < 1 {
		t.Errorf("an unknown kid: %d, %v", wait, err)
	}
	keystest.Until(t, "an answer", func() bool {
		_, wait, err := late.Prove(context.Background(), unknown, time.Now(), identity.Caller{})
		return wait == 0 && reason.Of(err) == reason.TokenKeyUnknown
	})
	nameless := kind.NewPresented(minttest.Token(t, minttest.Key(t, "EdDSA", ""), time.Now()), 4096, kind.Request{})
	if _, wait, err := late.Prove(context.Background(), nameless, time.Now(), identity.Caller{}); reason.Of(err) != reason.TokenSignature || wait != 0 {
		t.Errorf("no kid: %d, %v", wait, err)
	}
}

func TestMatch(t *testing.T) {
	key := minttest.Key(t, "EdDSA", "k1")
	pool := keys.NewPool(keys.Options{})
	t.Cleanup(pool.Close)
	source, err := issuer.Kind().New(config(mint.Issuer, "/none"), kind.Env{Keys: pool, Memory: kind.NewMemory(kind.DefaultMemory)})
	if err != nil {
		t.Fatal(err)
	}
	if err := source.Start(); err != nil {
		t.Fatal(err)
	}
	defer source.Stop()
	for name, tc := range map[string]struct {
		raw  string
		want kind.Match
	}{
		"its own":          {minttest.Token(t, key, time.Now()), kind.Own},
		"another audience": {minttest.Token(t, key, time.Now(), mint.Set("aud", "x")), kind.Kin},
		"another issuer":   {minttest.Token(t, key, time.Now(), mint.Set("iss", "x")), kind.None},
		"garbage":          {"canary", kind.None},
	} {
		t.Run(name, func(t *testing.T) {
			if got := source.Prover().Match(kind.NewPresented(tc.raw, 4096, kind.Request{})); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}

func ExampleKind() {
	k := issuer.Kind()
	fmt.Println(k.Name, k.Is(identity.Provider{}))
	_, err := k.New(config("https://idp.shop.test/", "keys.json"), kind.Env{})
	fmt.Println(err)
	// Output:
	// jwt false
	// the file has no absolute path below an absolute root
}
