package mint_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

var algorithms = []string{
	"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
}

// TestSignaturesVerify has jwx say that signatures and JWKs are sound, since it shares no code
// with what made them.
func TestSignaturesVerify(t *testing.T) {
	for _, alg := range algorithms {
		t.Run(alg, func(t *testing.T) {
			key := minttest.Key(t, alg, "k-"+alg)
			set, err := jwk.Parse(mint.JWKS(key))
			if err != nil {
				t.Fatal(err)
			}
			public, ok := set.LookupKeyID("k-" + alg)
			if !ok || public.Algorithm().String() != alg {
				t.Fatalf("the set has no %s key", alg)
			}
			token := minttest.Token(t, key, time.Now())
			if _, err := jws.Verify([]byte(token), jws.WithKey(jwa.SignatureAlgorithm(alg), public)); err != nil {
				t.Error(err)
			}
			other := minttest.Token(t, minttest.Key(t, alg, "k-"+alg), time.Now())
			if _, err := jws.Verify([]byte(other), jws.WithKey(jwa.SignatureAlgorithm(alg), public)); err == nil {
				t.Error("another key's signature verifies")
			}
		})
	}
}

func TestSecretsSign(t *testing.T) {
	secret := []byte("-----BEGIN PUBLIC KEY----- and so on")
	for _, alg := range []string{"HS256", "HS384", "HS512"} {
		key := minttest.Secret(t, alg, "k", secret)
		token := minttest.Token(t, key, time.Now())
		if _, err := jws.Verify([]byte(token), jws.WithKey(jwa.SignatureAlgorithm(alg), secret)); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
		if key.Public() != nil || key.JWK()["kty"] != "oct" {
			t.Errorf("%s: public %v, JWK %v", alg, key.Public(), key.JWK())
		}
	}
}

func TestUnknownAlgorithms(t *testing.T) {
	for _, alg := range []string{"", "none", "HS256", "ES256K", "rs256"} {
		if _, err := mint.NewKey(alg, "k"); err == nil {
			t.Errorf("NewKey(%q) made a key", alg)
		}
	}
	if _, err := mint.NewSecret("none", "k", nil); err == nil {
		t.Error("NewSecret(none) made a key")
	}
	if _, err := mint.KeyOf("none", "k", nil); err == nil {
		t.Error("KeyOf(none) made a key")
	}
}

func TestSignsExactlyWhatItIsGiven(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	parts := func(token string) (string, string) {
		fields := strings.Split(token, ".")
		if len(fields) != 3 || fields[2] == "" {
			t.Fatalf("%d parts", len(fields))
		}
		header, err1 := base64.RawURLEncoding.DecodeString(fields[0])
		payload, err2 := base64.RawURLEncoding.DecodeString(fields[1])
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		return string(header), string(payload)
	}
	header, payload := parts(minttest.Sign(t, key, map[string]any{"alg": "none", "crit": []string{"x"}}, map[string]any{"exp": "soon"}))
	if header != `{"alg":"none","crit":["x"]}` || payload != `{"exp":"soon"}` {
		t.Errorf("signed %s and %s", header, payload)
	}
	header, payload = parts(minttest.SignRaw(t, key, []byte(`{"alg":"ES256","alg":"none"}`), []byte("\xff")))
	if header != `{"alg":"ES256","alg":"none"}` || payload != "\xff" {
		t.Errorf("signed %q and %q", header, payload)
	}
	header, _ = parts(minttest.Token(t, key, time.Now()))
	if header != `{"alg":"ES256","kid":"k1","typ":"at+jwt"}` {
		t.Errorf("the header by default is %s", header)
	}
	if _, err := key.Sign(nil, map[string]any{"x": func() {}}); err == nil {
		t.Error("signed what is not JSON")
	}
	if _, err := key.Sign(map[string]any{"x": func() {}}, nil); err == nil {
		t.Error("signed a header that is not JSON")
	}
}

func TestClaims(t *testing.T) {
	now := time.Unix(1_800_000_000, 5)
	claims := mint.Claims(now, mint.Set("sub", "bob"), mint.Without("jti", "acr"))
	data, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"amr":["pwd"],"aud":["shop-api"],"auth_time":1800000000,"client_id":"shop-web","customer_id":"c-1","exp":1800000300,` +
		`"iat":1800000000,"iss":"https://idp.shop.test/","realm_access":{"roles":["buyer"]},"scope":"orders:read","sub":"bob"}`
	if string(data) != want {
		t.Errorf("got  %s\nwant %s", data, want)
	}
	if a, b := mint.Claims(now)["jti"], mint.Claims(now)["jti"]; a == b {
		t.Error("two tokens share a jti")
	}
}

func TestKeyOfKeepsTheKey(t *testing.T) {
	key := minttest.Key(t, "RS256", "k")
	again, err := mint.KeyOf("PS256", "", key.Private())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := again.JWK()["kid"]; ok || again.Algorithm() != "PS256" || again.JWK()["n"] != key.JWK()["n"] {
		t.Errorf("got %v", again.JWK())
	}
	if _, ok := again.Header("")["typ"]; ok {
		t.Errorf("header %v", again.Header(""))
	}
}
