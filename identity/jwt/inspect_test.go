package jwt_test

import (
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
)

// TestInspectUnverified holds that all but the key and the signature is looked at, as VerifyToken does.
func TestInspectUnverified(t *testing.T) {
	key, stranger := minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k2")
	v := verifier(t, config(), key)
	for name, edit := range map[string]func(map[string]any){
		"sound":         func(map[string]any) {},
		"no sub":        set("sub", nil),
		"another iss":   set("iss", "https://canary.test/"),
		"another aud":   set("aud", "canary"),
		"expired":       issuedThen("exp", in(-time.Hour)),
		"bound":         set("cnf", map[string]any{}),
		"an ID token":   set("nonce", "n"),
		"scope a digit": set("scope", 1),
	} {
		t.Run(name, func(t *testing.T) {
			claims := mint.Claims(now, edit)
			_, want := v.VerifyRaw(minttest.Sign(t, key, nil, claims), now, identity.Caller{})
			for _, signer := range []*mint.Key{key, stranger} {
				token, err := jose.Parse(minttest.Sign(t, signer, nil, claims), v.MaxSize())
				if err != nil {
					t.Fatal(err)
				}
				if got := v.InspectUnverified(token, now); reason.Of(got) != reason.Of(want) {
					t.Errorf("got %v, want %v", got, want)
				}
			}
		})
	}
}
