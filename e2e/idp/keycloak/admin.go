package keycloak

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/postern/postern/e2e/idp"
)

// session is how long the administrator's token is used; it lives for a minute.
const session = 30 * time.Second

// Admin sends a request to the Admin REST API: a path below /admin/realms, and what is sent and
// read as JSON, each nil for nothing. It returns the name of what was made, from the last segment of
// Location, and fails the test unless the status is one of success.
func (k *Keycloak) Admin(method, path string, in, out any) string {
	k.t.Helper()
	var body io.Reader
	switch in := in.(type) {
	case nil:
	case string:
		body = strings.NewReader(in)
	default:
		text, err := json.Marshal(in)
		if err != nil {
			k.t.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(k.t.Context(), method, k.base+"/admin/realms"+path, body)
	if err != nil {
		k.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+k.adminToken())
	resp, err := k.http.Do(r)
	if err != nil {
		k.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		k.t.Fatalf("%s %s: %d %v %s", method, path, resp.StatusCode, err, text)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			k.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	at := resp.Header.Get("Location")
	return at[strings.LastIndex(at, "/")+1:]
}

// adminToken returns a token of the administrator.
func (k *Keycloak) adminToken() string {
	k.t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Since(k.fresh) < session {
		return k.token
	}
	c := idp.Client{ID: "admin-cli", TLS: k.setup.Authority.TLS(nil)}
	c.Server.Token = k.base + "/realms/master/protocol/openid-connect/token"
	got, err := c.Get(k.t.Context(), url.Values{"grant_type": {"password"}, "username": {admin}, "password": {admin}}, nil)
	if err != nil {
		k.t.Fatal(err)
	}
	k.token, k.fresh = got.Access, time.Now()
	return k.token
}

// NewRealm makes a realm like the first one, and returns where it is.
func (k *Keycloak) NewRealm(name string) idp.Server {
	k.t.Helper()
	k.Admin(http.MethodPost, "", RealmJSON(name, k.setup.Logout), nil)
	s, err := idp.Discover(k.t.Context(), k.setup.Authority.TLS(nil), k.base+"/realms/"+name)
	if err != nil {
		k.t.Fatal(err)
	}
	return s
}

// NewClient makes a public client with these attributes, whose tokens are for the shop.
func (k *Keycloak) NewClient(realm, id string, attributes map[string]string) {
	k.t.Helper()
	k.Admin(http.MethodPost, "/"+realm+"/clients", map[string]any{
		"clientId": id, "publicClient": true, "directAccessGrantsEnabled": true, "redirectUris": []string{idp.RedirectURI},
		"attributes": attributes, "defaultClientScopes": []string{"basic", "acr", "roles", "orders:read"},
	}, nil)
}

// User returns the id of a user of a realm, which is the sub of the tokens.
func (k *Keycloak) User(realm, name string) string {
	k.t.Helper()
	var found []struct {
		ID string `json:"id"`
	}
	k.Admin(http.MethodGet, fmt.Sprintf("/%s/users?exact=true&username=%s", realm, name), nil, &found)
	if len(found) != 1 {
		k.t.Fatalf("%d users are called %s", len(found), name)
	}
	return found[0].ID
}

// AddKey lets a realm sign RS256 with a new key from now on, and returns the id of the component.
func (k *Keycloak) AddKey(realm string, priority int) string {
	k.t.Helper()
	return k.Admin(http.MethodPost, "/"+realm+"/components", map[string]any{
		"name": fmt.Sprintf("rs256-%d", priority), "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider",
		"config": map[string][]string{"priority": {fmt.Sprint(priority)}, "algorithm": {"RS256"}, "keySize": {"2048"}},
	}, nil)
}

// Keys returns the ids of the components that hold a realm's RS256 keys, by the kid.
func (k *Keycloak) Keys(realm string) map[string]string {
	k.t.Helper()
	var all struct {
		Keys []struct {
			ProviderID string `json:"providerId"`
			KID        string `json:"kid"`
			Algorithm  string `json:"algorithm"`
		} `json:"keys"`
	}
	k.Admin(http.MethodGet, "/"+realm+"/keys", nil, &all)
	found := map[string]string{}
	for _, key := range all.Keys {
		if key.Algorithm == "RS256" {
			found[key.KID] = key.ProviderID
		}
	}
	return found
}

// Change sets members of what is at a path, and leaves the others.
func (k *Keycloak) Change(path string, edit func(map[string]any)) {
	k.t.Helper()
	var it map[string]any
	k.Admin(http.MethodGet, path, nil, &it)
	edit(it)
	k.Admin(http.MethodPut, path, it, nil)
}
