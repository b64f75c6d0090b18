package oidc_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
	"github.com/lestrrat-go/jwx/v2/jwt"

	"github.com/postern/postern/cmd/postern-dev/oidc"
	"github.com/postern/postern/cmd/postern-dev/state"
	"github.com/postern/postern/identity/mint"
)

const (
	issuer = "https://idp.shop.test/"
	lead   = time.Minute
)

// keys returns keys that are kept as long as the longest token lives.
func keys(t testing.TB, alg string) *oidc.Keys {
	t.Helper()
	fresh := func() (*mint.Key, error) { return state.Dir{}.NewKey("idp", alg) }
	first, err := fresh()
	if err != nil {
		t.Fatal(err)
	}
	return oidc.NewKeys(first, fresh, lead, oidc.MaxTTL(0))
}

func config(t testing.TB) oidc.Config {
	return oidc.Config{
		Issuer: issuer, Base: "https://127.0.0.1:8440", Audience: "shop-api", TokenTTL: 5 * time.Minute,
		Accounts: oidc.BuiltIn(), Keys: keys(t, "ES256"),
	}
}

func provider(t testing.TB, c oidc.Config) *oidc.Provider {
	t.Helper()
	p, err := oidc.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func get(p http.Handler, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
	return w
}

// devToken returns what /dev/token hands out.
func devToken(t testing.TB, p http.Handler, query string) string {
	t.Helper()
	w := get(p, "/dev/token?"+query)
	if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%s: %d %s", query, w.Code, w.Body)
	}
	return w.Body.String()
}

// verify has plain jwx say whether the token is sound now, by the keys that are published now.
func verify(p http.Handler, token, audience string) (jwt.Token, error) {
	set, err := jwk.Parse(get(p, "/jwks").Body.Bytes())
	if err != nil {
		return nil, err
	}
	return jwt.Parse([]byte(token), jwt.WithKeySet(set), jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithRequiredClaim("exp"))
}

func header(t testing.TB, token string) jws.Headers {
	t.Helper()
	message, err := jws.Parse([]byte(token))
	if err != nil {
		t.Fatal(err)
	}
	return message.Signatures()[0].ProtectedHeaders()
}

func TestAccessTokensAreAsRFC9068(t *testing.T) {
	for _, alg := range []string{"ES256", "RS256", "PS256", "EdDSA"} {
		c := config(t)
		c.Keys = keys(t, alg)
		p := provider(t, c)
		raw := devToken(t, p, "user=alice")
		token, err := verify(p, raw, "shop-api")
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		if h := header(t, raw); h.Type() != "at+jwt" || h.Algorithm().String() != alg || h.KeyID() == "" {
			t.Errorf("%s: header %+v", alg, h)
		}
		claims, err := token.AsMap(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]any{
			"sub": "alice", "client_id": "shop-web", "scope": "orders:read orders:write", "acr": "pwd", "customer_id": "c-1",
		} {
			if claims[name] != want {
				t.Errorf("%s: %s is %v", alg, name, claims[name])
			}
		}
		if got := fmt.Sprint(claims["realm_access"], claims["amr"]); got != "map[roles:[buyer]] [pwd]" {
			t.Errorf("%s: roles and amr: %s", alg, got)
		}
		if token.Expiration().Sub(token.IssuedAt()) != 5*time.Minute || token.JwtID() == "" || claims["auth_time"] == nil {
			t.Errorf("%s: claims %v", alg, claims)
		}
	}
}

func TestDevTokenSaysWhatIsAsked(t *testing.T) {
	p := provider(t, config(t))
	now := time.Now()
	for _, tc := range []struct {
		query, audience string
		want            func(jwt.Token) bool
	}{
		{"user=bob&aud=other-api", "other-api", func(t jwt.Token) bool { return t.Subject() == "bob" }},
		{"user=alice&scope=orders:read", "shop-api", func(t jwt.Token) bool { return claim(t, "scope") == "orders:read" }},
		{"user=carol", "shop-api", func(t jwt.Token) bool { return claim(t, "acr") == "mfa" && claim(t, "amr") == "[pwd otp]" }},
		{"user=alice&acr=gold", "shop-api", func(t jwt.Token) bool { return claim(t, "acr") == "gold" }},
		{"user=alice&client=shop-batch", "shop-api", func(t jwt.Token) bool { return claim(t, "client_id") == "shop-batch" && t.Subject() == "alice" }},
		{"client=shop-batch", "shop-api", func(t jwt.Token) bool {
			return t.Subject() == "shop-batch" && claim(t, "acr") == "<nil>" && claim(t, "auth_time") == "<nil>"
		}},
		{"user=alice&use=id", "shop-web", func(t jwt.Token) bool { return claim(t, "scope") == "<nil>" && claim(t, "client_id") == "<nil>" }},
		{"user=alice&ttl=20m", "shop-api", func(t jwt.Token) bool { return t.Expiration().After(now.Add(19 * time.Minute)) }},
		{"user=alice&age=2h", "shop-api", func(t jwt.Token) bool {
			login, ok := t.PrivateClaims()["auth_time"].(float64)
			return ok && now.Sub(time.Unix(int64(login), 0)) > 119*time.Minute
		}},
	} {
		token, err := verify(p, devToken(t, p, tc.query), tc.audience)
		if err != nil {
			t.Errorf("%s: %v", tc.query, err)
			continue
		}
		if !tc.want(token) {
			t.Errorf("%s: %v", tc.query, token)
		}
	}
}

func claim(token jwt.Token, name string) string {
	value, _ := token.Get(name)
	return fmt.Sprint(value)
}

func TestAnExpiredTokenHadAWholeLife(t *testing.T) {
	p := provider(t, config(t))
	raw := devToken(t, p, "user=alice&ttl=-1m")
	if _, err := verify(p, raw, "shop-api"); err == nil {
		t.Fatal("it is still good")
	}
	token, err := jwt.ParseInsecure([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	if token.Expiration().Sub(token.IssuedAt()) != 5*time.Minute {
		t.Errorf("from %v to %v", token.IssuedAt(), token.Expiration())
	}
}

func TestDevTokenRefuses(t *testing.T) {
	p := provider(t, config(t))
	for _, query := range []string{
		"", "user=mallory", "client=mallory", "user=alice&client=mallory", "user=alice&scope=orders:pay", "user=alice&ttl=61m", "user=alice&ttl=-61m",
		"user=alice&ttl=x", "user=alice&age=-1s", "user=alice&use=refresh", "user=alice&user=bob", "usr=alice", "client=shop-batch&acr=mfa", "client=shop-batch&age=1h",
	} {
		if w := get(p, "/dev/token?"+query); w.Code != http.StatusBadRequest || strings.Contains(w.Body.String(), "eyJ") {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest("POST", "/dev/token?user=alice", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestDiscovery(t *testing.T) {
	w := get(provider(t, config(t)), "/.well-known/openid-configuration")
	var document struct {
		Issuer string   `json:"issuer"`
		JWKS   string   `json:"jwks_uri"`
		Token  string   `json:"token_endpoint"`
		Alg    []string `json:"id_token_signing_alg_values_supported"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	if document.Issuer != issuer || document.JWKS != "https://127.0.0.1:8440/jwks" || document.Token != "https://127.0.0.1:8440/token" || len(document.Alg) != 1 {
		t.Errorf("%+v", document)
	}
}

// TestRotationFailsNobody follows tokens of the longest life through a rotation.
func TestRotationFailsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config(t)
		p := provider(t, c)
		published := func() int {
			set, err := jwk.Parse(get(p, "/jwks").Body.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			return set.Len()
		}
		before := header(t, devToken(t, p, "user=alice")).KeyID()
		kid, err := c.Keys.Rotate(lead, c.Keys.Keep())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(lead - time.Second)
		last := devToken(t, p, "user=alice&ttl=1h")
		if got := header(t, last).KeyID(); got != before || published() != 2 {
			t.Fatalf("%s signs of %d published, before its time", got, published())
		}
		time.Sleep(time.Second)
		if got := header(t, devToken(t, p, "user=alice")).KeyID(); got != kid {
			t.Fatalf("%s signs, want %s", got, kid)
		}
		time.Sleep(time.Hour - 2*time.Second)
		if _, err := verify(p, last, "shop-api"); err != nil {
			t.Errorf("the old key's last token, just before it expires: %v", err)
		}
		time.Sleep(2 * time.Second)
		if published() != 1 {
			t.Errorf("%d keys after the overlap", published())
		}
	})
}

func TestKeysRotateByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config(t)
		p := provider(t, c)
		kid := func() string { return header(t, devToken(t, p, "user=alice")).KeyID() }
		first := kid()
		go func() {
			if err := c.Keys.Run(t.Context(), 2*time.Hour); err != nil {
				t.Error(err)
			}
		}()
		time.Sleep(2*time.Hour + lead - time.Second)
		if kid() != first {
			t.Error("used before it was published long enough")
		}
		time.Sleep(time.Second)
		second := kid()
		time.Sleep(2 * time.Hour)
		if third := kid(); first == second || second == third {
			t.Errorf("signed by %s, %s, %s", first, second, third)
		}
		if err := c.Keys.Run(canceled(t), 0); err != nil {
			t.Error(err)
		}
	})
}

func TestBadConfigurations(t *testing.T) {
	for name, edit := range map[string]func(*oidc.Config){
		"issuer":   func(c *oidc.Config) { c.Issuer = "" },
		"base":     func(c *oidc.Config) { c.Base = "" },
		"audience": func(c *oidc.Config) { c.Audience = "" },
		"keys":     func(c *oidc.Config) { c.Keys = nil },
		"ttl":      func(c *oidc.Config) { c.TokenTTL = 0 },
		"accounts": func(c *oidc.Config) { c.Accounts = oidc.Accounts{} },
	} {
		c := config(t)
		edit(&c)
		if _, err := oidc.New(c); err == nil {
			t.Errorf("without %s: no error", name)
		}
	}
}

// post sends form parameters to the token endpoint.
func post(p http.Handler, parameters url.Values, edit func(*http.Request)) (*httptest.ResponseRecorder, map[string]any) {
	r := httptest.NewRequest("POST", "/token", strings.NewReader(parameters.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if edit != nil {
		edit(r)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	body := map[string]any{}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		body["error"] = "not JSON"
	}
	return w, body
}
