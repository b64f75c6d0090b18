//go:build e2e_idp

package idp_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/idp"
	"github.com/postern/postern/identity/mint"
)

// part returns a part of a compact serialisation, decoded; "" when it is none.
func part(token string, n int) string {
	parts := strings.Split(token, ".")
	if len(parts) <= n {
		return ""
	}
	text, _ := base64.RawURLEncoding.DecodeString(parts[n])
	return string(text)
}

func header(token string) string { return part(token, 0) }

// claims returns those of a JWT, unverified.
func claims(t *testing.T, token string) map[string]any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(part(token, 1)), &all); err != nil {
		t.Fatalf("no claims: %v", err)
	}
	return all
}

// text returns a claim that is a string.
func text(t *testing.T, token, claim string) string {
	t.Helper()
	s, ok := claims(t, token)[claim].(string)
	if !ok {
		t.Fatalf("the token has no %s", claim)
	}
	return s
}

// get asks for tokens and fails the test when there are none.
func get(t *testing.T, c idp.Client, grant url.Values, header http.Header) idp.Tokens {
	t.Helper()
	got, err := c.Get(t.Context(), grant, header)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// robot is the grant of a program that acts for itself; more are pairs of names and values.
func robot(more ...string) url.Values { return grant("client_credentials", more...) }

// grant makes the form of one.
func grant(kind string, more ...string) url.Values {
	v := url.Values{"grant_type": {kind}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

// keySet returns the JSON of a set with one key.
func keySet(t *testing.T, key map[string]any) string {
	t.Helper()
	set, err := json.Marshal(map[string]any{"keys": []any{key}})
	if err != nil {
		t.Fatal(err)
	}
	return string(set)
}

// proof returns the header of a request to the token endpoint that proves a key: RFC 9449
// section 4.2.
func proof(t *testing.T, key *mint.Key, endpoint string) http.Header {
	t.Helper()
	jwk := key.JWK()
	for _, name := range []string{"use", "alg", "kid"} {
		delete(jwk, name)
	}
	token, err := key.Sign(map[string]any{"typ": "dpop+jwt", "alg": key.Algorithm(), "jwk": jwk},
		map[string]any{"jti": rand.Text(), "htm": "POST", "htu": endpoint, "iat": time.Now().Unix()})
	if err != nil {
		t.Fatal(err)
	}
	return http.Header{"Dpop": {token}}
}

// typ returns the member of the header.
func typ(t *testing.T, token string) string {
	t.Helper()
	var h struct {
		Typ string `json:"typ"`
	}
	if err := json.Unmarshal([]byte(header(token)), &h); err != nil {
		t.Fatal(err)
	}
	return h.Typ
}
