package jose_test

import (
	"encoding/base64"
	"slices"
	"testing"

	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/mint/minttest"
)

// rfc7638 is the key of RFC 7638 section 3.1.
const rfc7638 = `{"keys":[{"kty":"RSA","kid":"k","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}]}`

// TestLeakedKey: who publishes a private key has lost it, under whatever name its public half
// is there.
func TestLeakedKey(t *testing.T) {
	leaked, sound := minttest.Key(t, "RS256", "leaked"), minttest.Key(t, "ES256", "sound")
	for name, private := range map[string]map[string]any{
		"for signatures":    with(leaked.JWK(), map[string]any{"d": "AQAB"}),
		"for encryption":    with(leaked.JWK(), map[string]any{"d": "AQAB", "use": "enc", "alg": "RSA-OAEP"}),
		"under another kid": with(leaked.JWK(), map[string]any{"d": "AQAB", "kid": "backup"}),
		"without kid":       with(leaked.JWK(), map[string]any{"d": "AQAB", "kid": nil}),
		"with a bad alg":    with(leaked.JWK(), map[string]any{"d": "AQAB", "alg": 7}),
	} {
		t.Run(name, func(t *testing.T) {
			set := parseSet(t, leaked.JWK(), private, sound.JWK())
			if ids := set.KeyIDs(); !slices.Equal(ids, []string{"sound"}) {
				t.Errorf("the keys are %q", ids)
			}
		})
	}
}

func TestOneKidForTwoKeys(t *testing.T) {
	a, b, c := minttest.Key(t, "ES256", "k").JWK(), minttest.Key(t, "ES256", "k").JWK(), minttest.Key(t, "ES256", "c").JWK()
	for name, keys := range map[string][]map[string]any{
		"two keys":                {a, b, c},
		"the same key twice":      {a, a, c},
		"of different types":      {a, minttest.Key(t, "EdDSA", "k").JWK(), c},
		"one of them private":     {a, with(b, map[string]any{"d": "AQAB"}), c},
		"one of them symmetric":   {a, minttest.Secret(t, "HS256", "k", []byte("s")).JWK(), c},
		"the same key by two alg": {with(a, map[string]any{"alg": nil}), a, c},
	} {
		t.Run(name, func(t *testing.T) {
			if ids := parseSet(t, keys...).KeyIDs(); !slices.Equal(ids, []string{"c"}) {
				t.Errorf("the keys are %q", ids)
			}
		})
	}
	t.Run("one of them for encryption", func(t *testing.T) {
		set := parseSet(t, a, with(b, map[string]any{"use": "enc"}))
		if key, ok := set.Find("k"); !ok || !key.Fits("ES256") {
			t.Errorf("the keys are %q", set.KeyIDs())
		}
	})
}

func TestOnly(t *testing.T) {
	a, b, e := minttest.Key(t, "ES256", "a"), minttest.Key(t, "ES256", "b"), minttest.Key(t, "EdDSA", "e")
	set := parseSet(t, a.JWK(), b.JWK(), e.JWK())
	if key, ok := set.Only("EdDSA"); !ok || key.ID() != "e" {
		t.Errorf("EdDSA: %q, %v", key.ID(), ok)
	}
	for _, alg := range []string{"ES256", "RS256", "none", ""} {
		if key, ok := set.Only(alg); ok {
			t.Errorf("%q: %q", alg, key.ID())
		}
	}
	if _, ok := parseSet(t, with(a.JWK(), map[string]any{"kid": nil})).Find(""); ok {
		t.Error("a key is found by the empty kid")
	}
}

// TestFor: the kid decides, and without one there may be no choice.
func TestFor(t *testing.T) {
	a, b, e := minttest.Key(t, "ES256", "a"), minttest.Key(t, "ES256", "b"), minttest.Key(t, "EdDSA", "e")
	set := parseSet(t, a.JWK(), b.JWK(), e.JWK())
	for name, tc := range map[string]struct{ alg, kid, want string }{
		"its kid":                     {"ES256", "b", "b"},
		"a kid of a key for others":   {"ES256", "e", "e"}, // which Verify refuses
		"a kid that nobody has":       {"EdDSA", "x", ""},
		"no kid, and one key for alg": {"EdDSA", "", "e"},
		"no kid, and two":             {"ES256", "", ""},
		"no kid, and none":            {"RS256", "", ""},
	} {
		header := map[string]any{"alg": tc.alg, "kid": tc.kid}
		if tc.kid == "" {
			delete(header, "kid")
		}
		token, err := jose.Parse(minttest.Sign(t, a, header, map[string]any{"sub": "alice"}), 4096)
		if err != nil {
			t.Fatal(err)
		}
		if key, ok := set.For(token); key.ID() != tc.want || ok != (tc.want != "") {
			t.Errorf("%s: %q, %v", name, key.ID(), ok)
		}
		if _, ok := (*jose.KeySet)(nil).For(token); ok {
			t.Errorf("%s: no keys have one", name)
		}
	}
}

func TestDigest(t *testing.T) {
	a, b := minttest.Key(t, "ES256", "a").JWK(), minttest.Key(t, "ES256", "b").JWK()
	base := parseSet(t, a, b).Digest()
	if parseSet(t, b, a).Digest() != base || parseSet(t, a, b, map[string]any{"kty": "AKP"}).Digest() != base {
		t.Error("order or unusable keys change the digest")
	}
	for name, set := range map[string]*jose.KeySet{
		"one less":    parseSet(t, a),
		"none":        parseSet(t),
		"renamed":     parseSet(t, a, with(b, map[string]any{"kid": "c"})),
		"another alg": parseSet(t, a, with(b, map[string]any{"alg": nil})),
		"exchanged":   parseSet(t, with(a, map[string]any{"kid": "b"}), with(b, map[string]any{"kid": "a"})),
	} {
		if set.Digest() == base {
			t.Errorf("%s: the digest is the same", name)
		}
	}
}

func TestNilKeySet(t *testing.T) {
	var set *jose.KeySet
	_, found := set.Find("k")
	_, only := set.Only("ES256")
	if found || only || set.Len() != 0 || set.KeyIDs() != nil || set.Skipped() != nil || set.Digest() != [32]byte{} {
		t.Error("a nil set is not empty")
	}
}

// TestThumbprint is the example of RFC 7638 section 3.1, and of RFC 8037 appendix A.3.
func TestThumbprint(t *testing.T) {
	for want, text := range map[string]string{
		"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs": rfc7638,
		"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k": `{"keys":[{"kty":"OKP","kid":"k","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`,
	} {
		set, err := jose.ParseKeySet([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		key, ok := set.Find("k")
		thumbprint := key.Thumbprint()
		if got := base64.RawURLEncoding.EncodeToString(thumbprint[:]); !ok || got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
