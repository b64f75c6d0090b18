package jwtsvid_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/svid"
)

// FuzzVerify: what is accepted is the bytes that were signed, encodes to itself again, and is of a
// member of the trust domain.
func FuzzVerify(f *testing.F) {
	key := minttest.Key(f, "ES256", "k1")
	v := verifier(f, config(), bundle(f, shop, key))
	for _, edit := range []func(map[string]any){func(map[string]any) {}, mint.Set("iss", "x"), mint.Set("sub", "spiffe://shop.test"), mint.Without("iat")} {
		f.Add(`{"alg":"ES256","kid":"k1","typ":"JWT"}`, minttest.Sign(f, key, nil, claims(edit)), true)
	}
	f.Add(`{"alg":"ES256","kid":"k1"}`, `{"sub":"spiffe://shop.test/a","aud":"orders","iat":1795348800,"exp":1795349100}`, false)
	f.Add(`{"alg":"ES256","kid":"k1"}`, `{"sub":"spiffe://shop.test/a","sub":"x","aud":"orders","iat":1795348800,"exp":1795349100}`, false)
	f.Fuzz(func(t *testing.T, header, payload string, whole bool) {
		raw := payload
		if !whole {
			raw = minttest.SignRaw(t, key, []byte(header), []byte(payload))
		}
		user, err := verify(v, raw, noon)
		if err != nil {
			if user != nil {
				t.Fatal("both a user and an error")
			}
			return
		}
		id, err := svid.ParseID(user.Subject)
		if err != nil || id.TrustDomain() != shop || user.Issuer != "spiffe://shop.test" || user.KeyID != "k1" || user.Bound != identity.BoundNot {
			t.Fatalf("accepted as %+v: %v", user, err)
		}
		var parts []string
		for part := range strings.SplitSeq(raw, ".") {
			text, err := base64.RawURLEncoding.DecodeString(part)
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, base64.RawURLEncoding.EncodeToString(text))
		}
		if strings.Join(parts, ".") != raw {
			t.Fatalf("%q encodes to something else", raw)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	for _, alg := range []string{"ES256", "ES384", "RS256", "PS256"} {
		b.Run(alg, func(b *testing.B) {
			key := minttest.Key(b, alg, "k1")
			v := verifier(b, config(), bundle(b, shop, key))
			raw := minttest.Sign(b, key, key.Header("JWT"), claims())
			b.ReportAllocs()
			for b.Loop() {
				if _, err := verify(v, raw, noon); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("refused before any key", func(b *testing.B) {
		key := minttest.Key(b, "ES256", "k1")
		v := verifier(b, config(), bundle(b, shop, key))
		raw := minttest.Sign(b, key, key.Header("JWT"), claims(mint.Set("sub", "spiffe://partner.test/a")))
		b.ReportAllocs()
		for b.Loop() {
			token, err := jose.Parse(raw, 8<<10)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := v.Verify(token, noon); err == nil {
				b.Fatal("accepted")
			}
		}
	})
}
