package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/postern/postern/identity/mint"
)

// tokens are what people hold, and what they should not, by name. Each is the list of tokens that
// goes into a request.
type tokens map[string][]string

// getTokens asks the issuer for tokens, and forges some.
func (d *demo) getTokens(ctx context.Context) error {
	d.tokens = tokens{"": nil}
	for _, person := range []string{"alice", "bob", "carol"} {
		token, err := d.mesh.login(ctx, person)
		if err != nil {
			return err
		}
		d.tokens[person] = []string{token}
	}
	for name, odd := range map[string]url.Values{
		"carol, by password":   {"user": {"carol"}, "acr": {"pwd"}},
		"carol, an hour ago":   {"user": {"carol"}, "age": {"1h"}},
		"expired":              {"user": {"alice"}, "ttl": {"-1m"}},
		"for another audience": {"user": {"alice"}, "aud": {"billing-api"}},
	} {
		token, err := d.mesh.issue(ctx, odd)
		if err != nil {
			return err
		}
		d.tokens[name] = []string{token}
	}
	forged, unsigned, err := forge(d.tokens["alice"][0])
	if err != nil {
		return err
	}
	d.tokens["forged"], d.tokens["alg none"] = []string{forged}, []string{unsigned}
	d.tokens["two"] = []string{d.tokens["alice"][0], d.tokens["carol"][0]}
	return nil
}

// forge makes an administrator of who holds the token: once signed by another key that says it
// is the issuer's, and once not signed at all.
func forge(token string) (forged, unsigned string, err error) {
	header, claims, err := decode(token)
	if err != nil {
		return "", "", err
	}
	claims["realm_access"] = map[string]any{"roles": []string{"buyer", "admin"}}
	key, err := mint.NewKey("ES256", "")
	if err != nil {
		return "", "", err
	}
	if forged, err = key.Sign(header, claims); err != nil {
		return "", "", err
	}
	none := maps.Clone(header)
	none["alg"] = "none"
	h, err := json.Marshal(none)
	if err != nil {
		return "", "", err
	}
	c, err := json.Marshal(claims)
	return forged, mint.Compact(h, c, nil), err
}

// decode reads a token without verifying it.
func decode(token string) (header, claims map[string]any, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, nil, fmt.Errorf("a token of %d parts", len(parts))
	}
	for i, into := range []*map[string]any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			return nil, nil, err
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(into); err != nil {
			return nil, nil, err
		}
	}
	return header, claims, nil
}

// keyID returns the kid of a token.
func keyID(token string) string {
	header, _, _ := decode(token)
	kid, _ := header["kid"].(string)
	return kid
}

// login gets an access token for a person from the token endpoint. The test users' passwords
// are their names.
func (m *mesh) login(ctx context.Context, person string) (string, error) {
	form := url.Values{"grant_type": {"password"}, "client_id": {"shop-web"}, "username": {person}, "password": {person}}
	text, err := m.askIssuer(ctx, http.MethodPost, "/token", form)
	if err != nil {
		return "", err
	}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	err = json.Unmarshal(text, &answer)
	return answer.AccessToken, err
}

// issue gets a token that nobody could get by logging in.
func (m *mesh) issue(ctx context.Context, odd url.Values) (string, error) {
	text, err := m.askIssuer(ctx, http.MethodGet, "/dev/token?"+odd.Encode(), nil)
	return string(text), err
}

func (m *mesh) askIssuer(ctx context.Context, method, path string, form url.Values) ([]byte, error) {
	authority, err := os.ReadFile(m.where.CAFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	request, err := http.NewRequestWithContext(ctx, method, m.where.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	client := &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}, DisableKeepAlives: true,
		},
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", path, response.Status, text)
	}
	return text, err
}
