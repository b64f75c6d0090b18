//go:build e2e_idp

package idp_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/idp/keycloak"
	"github.com/postern/postern/e2e/mesh"
)

// interval is the least time between two fetches of one issuer's keys, and a bit.
const interval = 35 * time.Second

// fetches returns how often the shop fetched the issuer's keys, well or not.
func (s *shop) fetches(t *testing.T) int {
	t.Helper()
	_, page, err := s.Postern.Get("/metrics")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, `postern_provider_key_fetches_total{provider="idp"`) {
			count, err := strconv.Atoi(line[strings.LastIndex(line, " ")+1 : len(line)-1])
			if err != nil {
				t.Fatal(err)
			}
			n += count
		}
	}
	return n
}

// follow sends a token again and again until it is let in, or refused, and says what it saw.
func (s *shop) follow(t *testing.T, what, token string, letIn bool) {
	t.Helper()
	before, seen := s.fetches(t), map[string]int{}
	var order []string
	took := eventually(t, interval+20*time.Second, what, func() bool {
		got := s.ask(t, mesh.Anonymous(), "/any", token)
		if seen[got.String()]++; seen[got.String()] == 1 {
			order = append(order, got.String())
		}
		if got.status == http.StatusServiceUnavailable && got.retry == "" {
			t.Error("503 without Retry-After")
		}
		time.Sleep(80 * time.Millisecond)
		return (got.status == http.StatusOK) == letIn
	})
	line := ""
	for _, o := range order {
		line += fmt.Sprintf("; %d times %s", seen[o], o)
	}
	made := s.fetches(t) - before
	t.Logf("%s: %s after %v, with %d fetches%s", what, order[len(order)-1], took.Round(10*time.Millisecond), made, line)
	if made > 2 {
		t.Errorf("%s: %d fetches in %v", what, made, took)
	}
}

// TestOIDCProviderRotates gives oidc-provider other keys, which it takes at a restart alone, and then ends it.
func TestOIDCProviderRotates(t *testing.T) {
	t.Parallel()
	l := startLight(t, "5m", "")
	old := l.robot(t, "shop-api", "alg=ES256")
	l.ready(t, "/any", old)
	l.Provider = l.Restart(lightKeys(t, "-2")...)
	l.want(t, mesh.Anonymous(), "/any", old, "200") // by the keys that were had
	l.follow(t, "oidc-provider: the first token of a new key", l.robot(t, "shop-api", "alg=ES256"), true)
	if got := l.ask(t, mesh.Anonymous(), "/any", old); got.status != 401 && got.status != 503 {
		t.Errorf("a token of the key that is gone: %v", got)
	}
	kept := l.robot(t, "shop-api", "alg=EdDSA")
	l.Kill()
	l.want(t, mesh.Anonymous(), "/any", kept, "200")
	l.Provider = l.Restart(lightKeys(t, "-2")...)
	l.want(t, mesh.Anonymous(), "/any", kept, "200")
}

// rotation has Keycloak sign with a new key, which it does at once, and takes the old one away.
func (h *heavy) rotation(t *testing.T) {
	t.Parallel()
	const realm = "rotating"
	at := h.NewRealm(t, realm)
	s := open(t, h.World, h.authority, "keycloak", at.Issuer, "30s", "")
	token := func() string { return get(t, h.client(at, "robot-rs256", nil), robot(), nil).Access }
	old := token()
	s.ready(t, "/any", old)
	before := h.Keys(t, realm)
	h.AddKey(t, realm, 200)
	fresh := token()
	if header(fresh) == header(old) {
		t.Fatal("Keycloak does not sign with the new key")
	}
	s.follow(t, "Keycloak: the first token of a new key", fresh, true)
	s.want(t, mesh.Anonymous(), "/any", old, "200")
	for _, component := range before {
		h.Admin(t, http.MethodDelete, "/"+realm+"/components/"+component, nil, nil)
	}
	s.follow(t, "Keycloak: a token of the key that was deleted", old, false)
	s.want(t, mesh.Anonymous(), "/any", fresh, "200")
}

// lateRotation is what a rotation is when keys were fetched some time ago: hardly to be seen.
func (h *heavy) lateRotation(t *testing.T) {
	old := h.robot(t, "robot-rs256")
	h.AddKey(t, keycloak.Realm, 200)
	fresh := h.robot(t, "robot-rs256")
	if header(fresh) == header(old) {
		t.Fatal("Keycloak does not sign with the new key")
	}
	h.follow(t, "Keycloak: the first token of a new key, long after the last fetch", fresh, true)
	h.want(t, mesh.Anonymous(), "/any", old, "200")
}

// down ends Keycloak: its tokens go on by the keys that were had, and what was refused still is.
func (h *heavy) down(t *testing.T) {
	alice := h.password(t, h.Server, "web", "alice", nil)
	h.Kill()
	h.judge(t, mesh.Anonymous(), "Keycloak is down", []kind{
		{"access token", alice.Access, "/by-web", "200"},
		{"ID token", alice.ID, "/any", "401 token_type"},
		{"refresh token", alice.Refresh, "/any", "401 token_algorithm"},
	})
}
