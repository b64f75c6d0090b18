package keycloak

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/idp"
)

// session is how long the administrator's token is used; it lives for a minute.
const session = 30 * time.Second

// Admin sends a request to the Admin REST API: a path below /admin/realms, and what is sent and
// read as JSON, each nil for nothing. It returns the name of what was made, from the last segment of
// Location, and fails the test unless the status is one of success.
func (k *Keycloak) Admin(t testing.TB, method, path string, in, out any) string {
	t.Helper()
	var body io.Reader
	switch in := in.(type) {
	case nil:
	case string:
		body = strings.NewReader(in)
	default:
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, k.base+"/admin/realms"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+k.adminToken(t))
	resp, err := k.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %d %v %s", method, path, resp.StatusCode, err, text)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	at := resp.Header.Get("Location")
	return at[strings.LastIndex(at, "/")+1:]
}

// adminToken returns a token of the administrator.
func (k *Keycloak) adminToken(t testing.TB) string {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Since(k.fresh) < session {
		return k.token
	}
	c := idp.Client{ID: "admin-cli", TLS: k.setup.Authority.TLS(nil)}
	c.Server.Token = k.base + "/realms/master/protocol/openid-connect/token"
	got, err := c.Get(t.Context(), url.Values{"grant_type": {"password"}, "username": {admin}, "password": {admin}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	k.token, k.fresh = got.Access, time.Now()
	return k.token
}

// NewRealm makes a realm like the first one, and returns where it is.
func (k *Keycloak) NewRealm(t testing.TB, name string) idp.Server {
	t.Helper()
	k.Admin(t, http.MethodPost, "", RealmJSON(name, k.setup.Logout), nil)
	s, err := idp.Discover(t.Context(), k.setup.Authority.TLS(nil), k.base+"/realms/"+name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// NewClient makes a public client with these attributes, whose tokens are for the shop.
func (k *Keycloak) NewClient(t testing.TB, realm, id string, attributes map[string]string) {
	t.Helper()
	k.Admin(t, http.MethodPost, "/"+realm+"/clients", map[string]any{
		"clientId": id, "publicClient": true, "directAccessGrantsEnabled": true, "redirectUris": []string{idp.RedirectURI},
		"attributes": attributes, "defaultClientScopes": []string{"basic", "acr", "roles", "orders:read"},
	}, nil)
}

// User returns the id of a user of a realm, which is the sub of the tokens.
func (k *Keycloak) User(t testing.TB, realm, name string) string {
	t.Helper()
	var found []struct {
		ID string `json:"id"`
	}
	k.Admin(t, http.MethodGet, fmt.Sprintf("/%s/users?exact=true&username=%s", realm, name), nil, &found)
	if len(found) != 1 {
		t.Fatalf("%d users are called %s", len(found), name)
	}
	return found[0].ID
}

// AddKey lets a realm sign RS256 with a new key from now on, and returns the id of the component.
func (k *Keycloak) AddKey(t testing.TB, realm string, priority int) string {
	t.Helper()
	return k.Admin(t, http.MethodPost, "/"+realm+"/components", map[string]any{
		"name": fmt.Sprintf("rs256-%d", priority), "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider",
		"config": map[string][]string{"priority": {fmt.Sprint(priority)}, "algorithm": {"RS256"}, "keySize": {"2048"}},
	}, nil)
}

// Keys returns the ids of the components that hold a realm's RS256 keys, by the kid.
func (k *Keycloak) Keys(t testing.TB, realm string) map[string]string {
	t.Helper()
	var all struct {
		Keys []struct {
			ProviderID string `json:"providerId"`
			KID        string `json:"kid"`
			Algorithm  string `json:"algorithm"`
		} `json:"keys"`
	}
	k.Admin(t, http.MethodGet, "/"+realm+"/keys", nil, &all)
	found := map[string]string{}
	for _, key := range all.Keys {
		if key.Algorithm == "RS256" {
			found[key.KID] = key.ProviderID
		}
	}
	return found
}

// Change sets members of what is at a path, and leaves the others.
func (k *Keycloak) Change(t testing.TB, path string, edit func(map[string]any)) {
	t.Helper()
	var it map[string]any
	k.Admin(t, http.MethodGet, path, nil, &it)
	edit(it)
	k.Admin(t, http.MethodPut, path, it, nil)
}
