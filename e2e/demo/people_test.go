package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// TestForgeries holds that what the demo forges is what the table says: the issuer's own token,
// but for who may do what and the signature.
func TestForgeries(t *testing.T) {
	sound := minttest.Token(t, minttest.Key(t, "ES256", "k1"), time.Now())
	forged, unsigned, err := forge(sound)
	if err != nil {
		t.Fatal(err)
	}
	soundHeader, soundClaims, err := decode(sound)
	if err != nil {
		t.Fatal(err)
	}
	for token, alg := range map[string]string{forged: "ES256", unsigned: "none"} {
		header, claims, err := decode(token)
		if err != nil {
			t.Fatal(err)
		}
		if header["alg"] != alg || header["kid"] != soundHeader["kid"] || keyID(token) != "k1" {
			t.Errorf("header %v", header)
		}
		for _, claim := range []string{"iss", "sub", "iat", "exp"} {
			if claims[claim] != soundClaims[claim] {
				t.Errorf("%s is %v, of the sound token %v", claim, claims[claim], soundClaims[claim])
			}
		}
		roles, err := json.Marshal(claims["realm_access"])
		if err != nil || string(roles) != `{"roles":["buyer","admin"]}` {
			t.Errorf("roles %s, %v", roles, err)
		}
	}
	if unsigned[len(unsigned)-1] != '.' {
		t.Errorf("%q has a signature", unsigned)
	}
}

func TestDecodeRefusesWhatIsNoToken(t *testing.T) {
	for _, text := range []string{"", "a.b", "!.e30.", "e30.!.", "e30.W10.", mint.Compact([]byte("{"), []byte("{}"), nil)} {
		if _, _, err := decode(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
