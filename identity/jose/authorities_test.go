package jose_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// TestAuthorities: which keys of a set verify JWT-SVIDs depends on where it comes from.
func TestAuthorities(t *testing.T) {
	a, b := minttest.Key(t, "ES256", "a"), minttest.Key(t, "ES256", "b")
	jwk := func(k *mint.Key, use any, edits ...func(map[string]any)) map[string]any {
		m := k.JWK()
		delete(m, "alg") // SPIFFE's have none
		if delete(m, "use"); use != nil {
			m["use"] = use
		}
		for _, edit := range edits {
			edit(m)
		}
		return m
	}
	weak := map[string]any{"kty": "RSA", "kid": "weak", "use": "jwt-svid", "e": "AQAB", "n": strings.Repeat("q", 171)}
	private := func(m map[string]any) { m["d"] = "AAAA" }
	for name, tc := range map[string]struct {
		keys           []map[string]any
		api, file      string // the kids that verify
		skippedOfFiles int
	}{
		"marked":                            {[]map[string]any{jwk(a, "jwt-svid"), jwk(b, "jwt-svid")}, "[a b]", "[a b]", 0},
		"not marked":                        {[]map[string]any{jwk(a, nil)}, "[a]", "[]", 1},
		"an X.509 authority":                {[]map[string]any{jwk(a, "x509-svid"), jwk(b, "jwt-svid")}, "[b]", "[b]", 0},
		"of an issuer":                      {[]map[string]any{jwk(a, "sig")}, "[]", "[]", 1},
		"use in capitals":                   {[]map[string]any{jwk(a, "JWT-SVID")}, "[]", "[]", 1},
		"use that is no text":               {[]map[string]any{jwk(a, 7)}, "[]", "[]", 1},
		"without a kid":                     {[]map[string]any{jwk(a, "jwt-svid", mint.Without("kid"))}, "[]", "[]", 1},
		"an empty kid":                      {[]map[string]any{jwk(a, "jwt-svid", mint.Set("kid", ""))}, "[]", "[]", 1},
		"one kid twice":                     {[]map[string]any{jwk(a, "jwt-svid"), jwk(b, "jwt-svid", mint.Set("kid", "a"))}, "[]", "[]", 2},
		"a private key":                     {[]map[string]any{jwk(a, "jwt-svid", private), jwk(b, "jwt-svid")}, "[b]", "[b]", 1},
		"its private half, as an X.509 key": {[]map[string]any{jwk(a, "jwt-svid"), jwk(a, "x509-svid", private, mint.Set("kid", "x"))}, "[]", "[]", 2},
		"too weak":                          {[]map[string]any{weak, jwk(b, "jwt-svid")}, "[b]", "[b]", 1},
		"none":                              {[]map[string]any{}, "[]", "[]", 0},
	} {
		t.Run(name, func(t *testing.T) {
			text := jwks(t, tc.keys...)
			api, err := jose.ParseJWTBundle(text)
			if err != nil || fmt.Sprint(api.KeyIDs()) != tc.api {
				t.Errorf("of the Workload API: %v, %v, want %s", api.KeyIDs(), err, tc.api)
			}
			file, err := jose.ParseSPIFFEBundle(text)
			if err != nil || fmt.Sprint(file.KeyIDs()) != tc.file || len(file.Skipped()) != tc.skippedOfFiles {
				t.Errorf("of a file: %v, %v, %v, want %s", file.KeyIDs(), file.Skipped(), err, tc.file)
			}
			tokens, err := jose.ParseKeySet(text)
			if err != nil {
				t.Fatal(err)
			}
			for _, kid := range tokens.KeyIDs() {
				if k, _ := tokens.Find(kid); name != "of an issuer" && name != "not marked" || !k.Fits("ES256") {
					t.Errorf("verifies an issuer's tokens, too: %s", kid)
				}
			}
		})
	}
}

func TestAuthoritiesAreBounded(t *testing.T) {
	many := make([]map[string]any, 101)
	for i := range many {
		many[i] = minttest.Key(t, "EdDSA", fmt.Sprint(i)).JWK()
	}
	for name, text := range map[string][]byte{
		"no JSON":     []byte("keys"),
		"no keys":     []byte(`{}`),
		"keys twice":  []byte(`{"keys":[],"keys":[]}`),
		"a key twice": []byte(`{"keys":[{"kid":"a","kid":"b"}]}`),
		"text as key": []byte(`{"keys":["a"]}`),
		"too many":    jwks(t, many...),
		"too long":    append([]byte(`{"keys":[]}`), make([]byte, jose.MaxKeySet)...),
	} {
		if set, err := jose.ParseJWTBundle(text); err == nil || set != nil {
			t.Errorf("%s: good to the Workload API", name)
		}
		if set, err := jose.ParseSPIFFEBundle(text); err == nil || set != nil {
			t.Errorf("%s: good in a file", name)
		}
	}
}

// FuzzParseJWTBundle: each key has a kid of its own, and what is private verifies nothing.
func FuzzParseJWTBundle(f *testing.F) {
	f.Add(jwks(f, minttest.Key(f, "ES256", "a").JWK()))
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AAAA","kid":"a","use":"jwt-svid"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := jose.ParseJWTBundle(text)
		if err != nil {
			if set != nil {
				t.Fatal("both keys and an error")
			}
			return
		}
		for _, kid := range set.KeyIDs() {
			if k, ok := set.Find(kid); !ok || k.ID() != kid || kid == "" {
				t.Fatalf("%q is not found", kid)
			}
		}
		if file, err := jose.ParseSPIFFEBundle(text); err != nil || file.Len() > set.Len() {
			t.Fatalf("a file may have less, and has %d of %d: %v", file.Len(), set.Len(), err)
		}
	})
}
