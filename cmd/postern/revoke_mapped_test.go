package main

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// logOut posts a logout with these claims beside those that all have.
func (r *receiving) logOut(t *testing.T, claims map[string]any) int {
	t.Helper()
	now := time.Now()
	all := map[string]any{
		"iss": mint.Issuer, "aud": "shop-web", "jti": fmt.Sprint(now.UnixNano()), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	for name, value := range claims {
		all[name] = value
	}
	token := minttest.Sign(t, r.key, r.key.Header("logout+jwt"), all)
	answer, err := r.client.PostForm("http://logout/backchannel-logout", url.Values{"logout_token": {token}})
	if err != nil {
		return 0
	}
	answer.Body.Close()
	return answer.StatusCode
}

const mapped = receivedIDP + "  claims: {subject: preferred_username}\n"

// TestALogoutWhereTheSubjectIsMapped counts by its session alone, and says so when it has none.
func TestALogoutWhereTheSubjectIsMapped(t *testing.T) {
	t.Parallel()
	r := startReceiving(t)
	writePolicy(t, filepath.Join(r.dir, "idp.yaml"), mapped)
	r.until(t, "the mapping counts", func() bool { return r.logOut(t, map[string]any{"sub": "u-1234"}) == 400 })
	if log := r.log(); !strings.Contains(log, `"level":"error"`) || !strings.Contains(log, "have the provider put sid into its logout tokens") {
		t.Errorf("the log is\n%s", log)
	}
	if got := r.logOut(t, map[string]any{"sub": "u-1234", "sid": "s-1"}); got != 200 {
		t.Errorf("with a session: %d", got)
	}
	if text := r.written(t); !strings.Contains(text, "sessionIDs: [s-1]") {
		t.Errorf("it has written\n%s", text)
	}
	r.stop()
	if err := <-r.done; err != nil {
		t.Error(err)
	}
}

// TestAMappingThatComesLater is no reason to cut off whoever is called what a sub says.
func TestAMappingThatComesLater(t *testing.T) {
	t.Parallel()
	r := startReceiving(t, "--logout", "subjects")
	if got := r.logOut(t, map[string]any{"sub": "u-1234", "sid": "s-1"}); got != 200 {
		t.Fatalf("without a mapping: %d", got)
	}
	writePolicy(t, filepath.Join(r.dir, "idp.yaml"), mapped)
	r.until(t, "the mapping is refused", func() bool {
		return strings.Contains(r.log(), "--logout subjects: shop-idp calls users by preferred_username")
	})
	r.stop()
	if err := <-r.done; err != nil {
		t.Error(err)
	}
}
