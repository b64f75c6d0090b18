//go:build e2e_idp

package idp_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/idp"
	"github.com/postern/postern/e2e/idp/keycloak"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/e2e/process"
)

// revoke runs postern revoke for the shop's policies.
func (s *shop) revoke(t *testing.T, args ...string) {
	t.Helper()
	args = append([]string{"revoke", "--policies", s.Policies, "--provider", "idp", "--until", "1h"}, args...)
	if out, err := exec.Command(postern.Binary(t), args...).CombinedOutput(); err != nil {
		t.Fatalf("postern %v: %v\n%s", args, err, out)
	}
}

// cut waits until a token is cut off, and holds that it is in time.
func (s *shop) cut(t *testing.T, what, token string) {
	t.Helper()
	took := eventually(t, time.Minute, what, func() bool {
		return s.ask(t, mesh.Anonymous(), "/any", token).String() == "401 token_revoked"
	})
	s.pace.Took(what+": refused", took)
}

// listen runs postern revoke --listen for logouts at a client. It returns when an ID token of that
// client is refused as one that says nothing of a logout: before it has the issuer's keys it tells
// whoever posts to come again, which neither provider does.
func (s *shop) listen(t *testing.T, client string, port int, idToken string, more ...string) {
	t.Helper()
	address := fmt.Sprintf("127.0.0.1:%d", port)
	args := append([]string{"revoke", "--policies", s.Policies, "--listen", address, "--client", "idp=" + client}, more...)
	p, err := process.Start(process.Spec{Name: "postern revoke", Path: postern.Binary(t), Args: args, Env: process.Environment()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("postern revoke --listen said:\n%s", p.Log())
		}
	})
	body, form := url.Values{"logout_token": {idToken}}.Encode(), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	eventually(t, 2*time.Minute, "postern revoke listens", func() bool {
		if p.Ended() {
			t.Fatalf("postern revoke ended: %v\n%s", p.Err(), p.Log())
		}
		status, _, err := idp.Do(t.Context(), nil, http.MethodPost, "http://"+address+"/backchannel-logout", form, strings.NewReader(body))
		if err == nil && status == http.StatusOK {
			t.Fatal("an ID token logs its user out")
		}
		return err == nil && status == http.StatusBadRequest
	})
}

// revoked cuts off tokens of Keycloak by each thing that they say of themselves.
func (h *heavy) revoked(t *testing.T) {
	t.Parallel()
	mine, hers := h.password(t, h.Server, "web", "dave", nil), h.password(t, h.Server, "web", "dave", nil)
	h.revoke(t, "--token-id", text(t, mine.Access, "jti"))
	h.cut(t, "a token by its jti", mine.Access)
	h.want(t, mesh.Anonymous(), "/any", hers.Access, "200")
	refreshed := get(t, h.client(h.Server, "web", nil), grant("refresh_token", "refresh_token", hers.Refresh), nil)
	h.revoke(t, "--session", text(t, hers.Access, "sid"))
	h.cut(t, "a session by its sid", hers.Access)
	h.want(t, mesh.Anonymous(), "/any", refreshed.Access, "401 token_revoked") // by the same entry
	other := h.password(t, h.Server, "web", "dave", nil)
	h.want(t, mesh.Anonymous(), "/any", other.Access, "200")
	h.revoke(t, "--subject", h.User(t, keycloak.Realm, "dave"))
	h.cut(t, "a user by the sub", other.Access)
}

// disabled shows what a user's tokens do whom Keycloak disables: there are no new ones, and the
// old ones live on until they are cut off.
func (h *heavy) disabled(t *testing.T) {
	t.Parallel()
	old := h.password(t, h.Server, "web", "erin", nil)
	id := h.User(t, keycloak.Realm, "erin")
	h.Change(t, "/"+keycloak.Realm+"/users/"+id, func(u map[string]any) { u["enabled"] = false })
	web := h.client(h.Server, "web", nil)
	for name, g := range map[string][]string{
		"password":      {"password", "username", "erin", "password", "erin-password", "scope", "openid"},
		"refresh_token": {"refresh_token", "refresh_token", old.Refresh},
	} {
		got, err := web.Ask(t.Context(), grant(g[0], g[1:]...), nil)
		if err != nil || got.Status != http.StatusBadRequest {
			t.Errorf("%s: a user who is disabled gets %d %q (%v)", name, got.Status, got.Error, err)
		}
	}
	h.want(t, mesh.Anonymous(), "/any", old.Access, "200")
	h.revoke(t, "--subject", id)
	h.cut(t, "the old token of a user who was disabled", old.Access)
}

// loggedOut has Keycloak tell postern revoke --listen of a logout.
func (h *heavy) loggedOut(t *testing.T) {
	t.Parallel()
	port := idp.FreePort(t)
	h.NewClient(t, keycloak.Realm, "web-told", map[string]string{
		"backchannel.logout.url":              fmt.Sprintf("http://127.0.0.1:%d/backchannel-logout", port),
		"backchannel.logout.session.required": "true",
	})
	gone, stays := h.password(t, h.Server, "web-told", "carol", nil), h.password(t, h.Server, "web-told", "carol", nil)
	h.listen(t, "web-told", port, gone.ID)
	h.want(t, mesh.Anonymous(), "/any", gone.Access, "200")
	h.endSession(t, "web-told", gone.Refresh)
	h.cut(t, "a session that Keycloak says is over", gone.Access)
	h.want(t, mesh.Anonymous(), "/any", stays.Access, "200")
}

// revoked cuts off tokens of oidc-provider, whose access tokens have no sid.
func (l *light) revoked(t *testing.T) {
	t.Parallel()
	first, second := l.robot(t, "shop-api", "alg=ES256"), l.robot(t, "shop-api", "alg=ES256")
	l.revoke(t, "--token-id", text(t, first, "jti"))
	l.cut(t, "a token by its jti", first)
	l.want(t, mesh.Anonymous(), "/any", second, "200")
}

// loggedOut has oidc-provider tell postern revoke --listen of a logout.
func (l *light) loggedOut(t *testing.T) {
	t.Parallel()
	b := l.browser("carol")
	got, err := b.Login(t.Context(), l.Client("web-told", ""), "openid orders:read", forShop())
	if err != nil {
		t.Fatal(err)
	}
	l.listen(t, "web-told", l.told, got.ID, "--logout", "subjects")
	l.want(t, mesh.Anonymous(), "/any", got.Access, "200")
	l.endSession(t, b, got.ID)
	l.cut(t, "a user who oidc-provider says has logged out", got.Access)
}
