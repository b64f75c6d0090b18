package jose_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// jwks returns a set of keys.
func jwks(t testing.TB, keys ...map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"keys": append([]map[string]any{}, keys...)})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func parseSet(t testing.TB, keys ...map[string]any) *jose.KeySet {
	t.Helper()
	set, err := jose.ParseKeySet(jwks(t, keys...))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// with returns a copy of a key with members changed; nil takes one away.
func with(jwk map[string]any, changes map[string]any) map[string]any {
	out := maps.Clone(jwk)
	for name, v := range changes {
		if out[name] = v; v == nil {
			delete(out, name)
		}
	}
	return out
}

// number returns the encoding of a number of so many bits whose lowest is as given.
func number(bits int, lowest uint) string {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	n.SetBit(n, 0, lowest)
	return base64.RawURLEncoding.EncodeToString(n.Bytes())
}

func TestParseKeySetKeeps(t *testing.T) {
	rsa, ec, ed := minttest.Key(t, "RS256", "rsa"), minttest.Key(t, "ES384", "ec"), minttest.Key(t, "EdDSA", "ed")
	for name, tc := range map[string]struct {
		jwk  map[string]any
		fits []string
	}{
		"RSA with alg":       {rsa.JWK(), []string{"RS256"}},
		"RSA without alg":    {with(rsa.JWK(), map[string]any{"alg": nil}), []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}},
		"EC with alg":        {ec.JWK(), []string{"ES384"}},
		"EC without alg":     {with(ec.JWK(), map[string]any{"alg": nil}), []string{"ES384"}},
		"Ed25519":            {with(ed.JWK(), map[string]any{"alg": nil}), []string{"EdDSA"}},
		"without use":        {with(rsa.JWK(), map[string]any{"use": nil}), []string{"RS256"}},
		"key_ops verify":     {with(rsa.JWK(), map[string]any{"key_ops": []string{"verify"}}), []string{"RS256"}},
		"without kid":        {with(rsa.JWK(), map[string]any{"kid": nil}), []string{"RS256"}},
		"with x5c, x5t":      {with(rsa.JWK(), map[string]any{"x5c": []string{"AA=="}, "x5t": "AA"}), []string{"RS256"}},
		"2048 bits":          {with(rsa.JWK(), map[string]any{"n": number(2048, 1)}), []string{"RS256"}},
		"8192 bits":          {with(rsa.JWK(), map[string]any{"n": number(8192, 1)}), []string{"RS256"}},
		"a larger exponent":  {with(rsa.JWK(), map[string]any{"e": number(31, 1)}), []string{"RS256"}},
		"an unknown member":  {with(rsa.JWK(), map[string]any{"ext": true, "nbf": 1}), []string{"RS256"}},
		"key_ops with sign":  {with(rsa.JWK(), map[string]any{"key_ops": []string{"sign", "verify"}}), []string{"RS256"}},
		"declared as PS512":  {with(rsa.JWK(), map[string]any{"alg": "PS512"}), []string{"PS512"}},
		"a kid of 512 bytes": {with(rsa.JWK(), map[string]any{"kid": strings.Repeat("k", 512)}), []string{"RS256"}},
	} {
		t.Run(name, func(t *testing.T) {
			set := parseSet(t, tc.jwk)
			if set.Len() != 1 || len(set.Skipped()) != 0 {
				t.Fatalf("%d keys, skipped %v", set.Len(), set.Skipped())
			}
			for _, alg := range append(identity.Algorithms(), "none", "HS256", "") {
				_, fits := set.Only(alg)
				if fits != slices.Contains(tc.fits, alg) {
					t.Errorf("fits %q: %v", alg, fits)
				}
			}
		})
	}
}

func TestParseKeySetSkips(t *testing.T) {
	rsa, ec, ed := minttest.Key(t, "RS256", "k").JWK(), minttest.Key(t, "ES256", "k").JWK(), minttest.Key(t, "EdDSA", "k").JWK()
	other := minttest.Key(t, "ES256", "other").JWK()
	for name, jwk := range map[string]map[string]any{
		"use enc":                     with(rsa, map[string]any{"use": "enc"}),
		"use empty":                   with(rsa, map[string]any{"use": ""}),
		"use in capitals":             with(rsa, map[string]any{"use": "SIG"}),
		"use a list":                  with(rsa, map[string]any{"use": []string{"sig"}}),
		"key_ops without verify":      with(rsa, map[string]any{"key_ops": []string{"encrypt"}}),
		"key_ops empty":               with(rsa, map[string]any{"key_ops": []string{}}),
		"key_ops a string":            with(rsa, map[string]any{"key_ops": "verify"}),
		"alg RSA-OAEP":                with(rsa, map[string]any{"alg": "RSA-OAEP"}),
		"alg HS256":                   with(rsa, map[string]any{"alg": "HS256"}),
		"alg none":                    with(rsa, map[string]any{"alg": "none"}),
		"alg empty":                   with(rsa, map[string]any{"alg": ""}),
		"alg a number":                with(rsa, map[string]any{"alg": 1}),
		"alg of another type":         with(rsa, map[string]any{"alg": "ES256"}),
		"alg of another curve":        with(ec, map[string]any{"alg": "ES384"}),
		"kty missing":                 with(rsa, map[string]any{"kty": nil}),
		"kty unknown":                 with(rsa, map[string]any{"kty": "AKP"}),
		"kty in lower case":           with(rsa, map[string]any{"kty": "rsa"}),
		"kid empty":                   with(rsa, map[string]any{"kid": ""}),
		"kid a number":                with(rsa, map[string]any{"kid": 1}),
		"kid too long":                with(rsa, map[string]any{"kid": strings.Repeat("k", 513)}),
		"n missing":                   with(rsa, map[string]any{"n": nil}),
		"n padded":                    with(rsa, map[string]any{"n": rsa["n"].(string) + "="}),
		"n with a leading zero":       with(rsa, map[string]any{"n": "AA" + rsa["n"].(string)}),
		"n of 2047 bits":              with(rsa, map[string]any{"n": number(2047, 1)}),
		"n of 8193 bits":              with(rsa, map[string]any{"n": number(8193, 1)}),
		"n of 512 bits":               with(rsa, map[string]any{"n": number(512, 1)}),
		"n even":                      with(rsa, map[string]any{"n": number(2048, 0)}),
		"e missing":                   with(rsa, map[string]any{"e": nil}),
		"e 1":                         with(rsa, map[string]any{"e": "AQ"}),
		"e 3":                         with(rsa, map[string]any{"e": "Aw"}),
		"e even":                      with(rsa, map[string]any{"e": number(20, 0)}),
		"e of 32 bits":                with(rsa, map[string]any{"e": number(32, 1)}),
		"e of 100 bits":               with(rsa, map[string]any{"e": number(100, 1)}),
		"crv missing":                 with(ec, map[string]any{"crv": nil}),
		"crv secp256k1":               with(ec, map[string]any{"crv": "secp256k1", "alg": nil}),
		"crv P-384 for a P-256 point": with(ec, map[string]any{"crv": "P-384", "alg": nil}),
		"x of another point":          with(ec, map[string]any{"x": other["x"]}),
		"x and y exchanged":           with(ec, map[string]any{"x": ec["y"], "y": ec["x"]}),
		"x missing":                   with(ec, map[string]any{"x": nil}),
		"y missing":                   with(ec, map[string]any{"y": nil}),
		"the point at infinity":       with(ec, map[string]any{"x": strings.Repeat("A", 43), "y": strings.Repeat("A", 43)}),
		"x of 33 bytes":               with(ec, map[string]any{"x": base64.RawURLEncoding.EncodeToString(make([]byte, 33))}),
		"OKP X25519":                  with(ed, map[string]any{"crv": "X25519"}),
		"OKP Ed448":                   with(ed, map[string]any{"crv": "Ed448"}),
		"OKP of 31 bytes":             with(ed, map[string]any{"x": base64.RawURLEncoding.EncodeToString(make([]byte, 31))}),
		"private RSA":                 with(rsa, map[string]any{"d": "AQAB"}),
		"private RSA, p alone":        with(rsa, map[string]any{"p": "AQAB"}),
		"private RSA for encryption":  with(rsa, map[string]any{"d": "AQAB", "use": "enc"}),
		"private EC":                  with(ec, map[string]any{"d": "AQAB"}),
		"private, oth alone":          with(ec, map[string]any{"d": nil, "oth": []string{}}),
		"private Ed25519":             with(ed, map[string]any{"d": "AQAB"}),
		"symmetric":                   minttest.Secret(t, "HS256", "k", []byte("secret")).JWK(),
		"symmetric without k":         {"kty": "oct", "kid": "k"},
		"an RSA key with a secret":    with(rsa, map[string]any{"k": "AQAB"}),
		"empty":                       {},
	} {
		t.Run(name, func(t *testing.T) {
			set := parseSet(t, jwk, other)
			if ids := set.KeyIDs(); !slices.Equal(ids, []string{"other"}) {
				t.Fatalf("the keys are %q", ids)
			}
			skipped := set.Skipped()
			if len(skipped) != 1 || skipped[0].Why == "" {
				t.Fatalf("skipped %v", skipped)
			}
			if _, ok := set.Find("k"); ok {
				t.Error("found")
			}
			if secret, ok := jwk["k"].(string); ok && strings.Contains(skipped[0].Why, secret) {
				t.Error("the reason holds the secret")
			}
		})
	}
}

func TestParseKeySetRefuses(t *testing.T) {
	key := minttest.Key(t, "ES256", "k")
	many := make([]map[string]any, jose.MaxKeys+1)
	for i := range many {
		many[i] = with(key.JWK(), map[string]any{"kid": fmt.Sprint(i)})
	}
	for name, text := range map[string]string{
		"nothing":             ``,
		"HTML":                `<html>502</html>`,
		"null":                `null`,
		"an array":            `[]`,
		"no keys":             `{}`,
		"keys null":           `{"keys":null}`,
		"keys an object":      `{"keys":{}}`,
		"a single key":        string(mustJSON(t, key.JWK())),
		"a key a string":      `{"keys":["k"]}`,
		"keys twice":          `{"keys":[],"keys":[]}`,
		"a member twice":      `{"keys":[{"kty":"EC","kty":"EC"}]}`,
		"two documents":       `{"keys":[]}{"keys":[]}`,
		"cut off":             string(mint.JWKS(key))[:60],
		"not UTF-8":           "{\"keys\":[],\"x\":\"\xff\"}",
		"a key too many":      string(jwks(t, many...)),
		"a bomb of arrays":    `{"keys":` + strings.Repeat("[", 200_000),
		"a bomb of values":    `{"keys":[{"x":[` + strings.Repeat("1,", 100_000) + `1]}]}`,
		"a byte too large":    `{"keys":[]}` + strings.Repeat(" ", jose.MaxKeySet-10),
		"an endless document": `{"keys":[` + strings.Repeat(" ", 1<<22),
	} {
		t.Run(name, func(t *testing.T) {
			if set, err := jose.ParseKeySet([]byte(text)); err == nil || set != nil {
				t.Errorf("got %v, %v", set, err)
			}
		})
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestKeySetBounds(t *testing.T) {
	key := minttest.Key(t, "ES256", "k")
	full := make([]map[string]any, jose.MaxKeys)
	for i := range full {
		full[i] = with(key.JWK(), map[string]any{"kid": fmt.Sprint(i)})
	}
	if set := parseSet(t, full...); set.Len() != jose.MaxKeys {
		t.Errorf("%d keys", set.Len())
	}
	if _, err := jose.ParseKeySet([]byte(`{"keys":[]}` + strings.Repeat(" ", jose.MaxKeySet-11))); err != nil {
		t.Error(err)
	}
}

// FuzzParseKeySet holds that a set that is accepted has no key that could forge, and none
// without a use.
func FuzzParseKeySet(f *testing.F) {
	ec, ed := minttest.Key(f, "ES256", "e"), minttest.Key(f, "EdDSA", "d")
	f.Add(mint.JWKS(ec, ed))
	f.Add([]byte(rfc7638))
	f.Add(jwks(f, with(ec.JWK(), map[string]any{"d": "AQAB"}), ec.JWK()))
	f.Add(mint.JWKS(minttest.Secret(f, "HS256", "s", []byte("s"))))
	f.Add([]byte(`{"keys":[]}`))
	for _, seed := range hostileObjects() {
		f.Add([]byte(seed))
		f.Add([]byte(`{"keys":[` + seed + `]}`))
	}
	for name, v := range map[string]string{"x": "AA", "y": "=", "kid": "../x", "use": "enc", "alg": "none", "crv": "P-521", "kty": "oct", "x5c": "AA", "k": "AA"} {
		f.Add(jwks(f, with(ec.JWK(), map[string]any{name: v}), ed.JWK()))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := jose.ParseKeySet(text)
		if err != nil {
			if set != nil {
				t.Fatal("an error and a set")
			}
			return
		}
		if set.Len() > jose.MaxKeys || set.Len()+len(set.Skipped()) > jose.MaxKeys {
			t.Fatalf("%d keys", set.Len())
		}
		for _, id := range set.KeyIDs() {
			if id == "" {
				continue
			}
			key, ok := set.Find(id)
			if !ok || !slices.ContainsFunc(identity.Algorithms(), key.Fits) || key.Fits("none") || key.Fits("HS256") {
				t.Fatalf("key %q is of no use or of a bad one", id)
			}
			checkEncoding(t, text, key)
		}
	})
}

// checkEncoding holds that what a key is made of is written in its one form in the set: encoded
// again, it gives the same bytes, and these have the key's thumbprint.
func checkEncoding(t *testing.T, text []byte, key jose.Key) {
	t.Helper()
	object := reference(t, text)
	for _, e := range object["keys"].([]any) {
		members := e.(map[string]any)
		if members["kid"] != key.ID() || members["use"] == "enc" {
			continue
		}
		required := map[any][]string{"RSA": {"e", "kty", "n"}, "EC": {"crv", "kty", "x", "y"}, "OKP": {"crv", "kty", "x"}}[members["kty"]]
		thumbprint := map[string]any{}
		for _, name := range required {
			s, ok := members[name].(string)
			b, err := base64.RawURLEncoding.DecodeString(s)
			if !ok || len(name) == 1 && (err != nil || base64.RawURLEncoding.EncodeToString(b) != s) {
				t.Fatalf("%s of key %q is %v", name, key.ID(), members[name])
			}
			thumbprint[name] = s
		}
		if sha256.Sum256(mustJSON(t, thumbprint)) == key.Thumbprint() { // RFC 7638 section 3
			return
		}
	}
	t.Fatalf("no key of the set is %q", key.ID())
}

func ExampleParseKeySet() {
	set, err := jose.ParseKeySet([]byte(`{"keys":[
		{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
		{"kty":"oct","kid":"b","k":"c2VjcmV0"}]}`))
	fmt.Println(err, set.KeyIDs(), set.Skipped())
	// Output: <nil> [a] [{b a private or symmetric key}]
}
