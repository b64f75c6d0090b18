//go:build e2e_idp

package idp_test

import (
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/postern/postern/e2e/idp"
	"github.com/postern/postern/e2e/mesh"
)

// stepRoutes want a better login, and one that is not long ago.
const stepRoutes = `
  - {name: gold, http: {methods: [GET], path: /gold}, allow: [{callers: [anyone], user: {provider: idp, acr: gold}}]}
  - {name: fresh, http: {methods: [GET], path: /fresh}, allow: [{callers: [anyone], user: {provider: idp, acr: gold, maxAge: 15s}}]}
`

// parameter finds those of a challenge.
var parameter = regexp.MustCompile(`(\w+)="([^"]*)"`)

// asked returns what a challenge asks of the client, as it goes into the next authorization
// request: RFC 9470 sections 3 and 4.
func asked(challenge string) url.Values {
	v := url.Values{}
	for _, m := range parameter.FindAllStringSubmatch(challenge, -1) {
		if m[1] == "acr_values" || m[1] == "max_age" {
			v.Set(m[1], m[2])
		}
	}
	return v
}

// stepUp has bob refused, and log in again as the challenge asks.
func (h *heavy) stepUp(t *testing.T) {
	t.Parallel()
	web, bob := h.client(h.Server, "web", nil), h.browser("bob")
	login := func(extra url.Values) idp.Tokens {
		t.Helper()
		got, err := bob.Login(t.Context(), web, "openid", extra)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	silver := login(nil)
	refusal := h.want(t, mesh.Anonymous(), "/gold", silver.Access, "401 step_up_required")
	wish := asked(refusal.challenge)
	t.Logf("acr %s is refused with: %s", text(t, silver.Access, "acr"), refusal.challenge)
	if wish.Get("acr_values") != "gold" {
		t.Fatalf("the challenge asks for %v", wish)
	}
	pages := len(bob.Pages)
	gold := login(wish)
	if len(bob.Pages) != pages+1 {
		t.Errorf("Keycloak showed %d pages for the step up, want the one for the one-time password", len(bob.Pages)-pages)
	}
	h.want(t, mesh.Anonymous(), "/gold", gold.Access, "200")
	h.want(t, mesh.Anonymous(), "/fresh", gold.Access, "200")
	h.refreshedStaysOld(t, web, gold, login)
}

// refreshedStaysOld waits until the login of a token is too old, and holds that a refresh does
// not make it younger, and that another login does.
func (h *heavy) refreshedStaysOld(t *testing.T, web idp.Client, gold idp.Tokens, login func(url.Values) idp.Tokens) {
	t.Helper()
	var refusal outcome
	took := eventually(t, time.Minute, "the login is too old", func() bool {
		refusal = h.ask(t, mesh.Anonymous(), "/fresh", gold.Access)
		return refusal.String() == "401 step_up_required"
	})
	again := get(t, web, grant("refresh_token", "refresh_token", gold.Refresh), nil)
	if a, b := claims(t, again.Access), claims(t, gold.Access); a["acr"] != "gold" || a["auth_time"] != b["auth_time"] {
		t.Errorf("a refresh gives acr %v and auth_time %v, before %v", a["acr"], a["auth_time"], b["auth_time"])
	}
	h.want(t, mesh.Anonymous(), "/gold", again.Access, "200")
	h.want(t, mesh.Anonymous(), "/fresh", again.Access, "401 step_up_required")
	wish := asked(refusal.challenge)
	t.Logf("a login of %v ago, refreshed, is refused with: %s", took.Round(time.Second), refusal.challenge)
	if wish.Get("max_age") != "15" {
		t.Fatalf("the challenge asks for %v", wish)
	}
	h.want(t, mesh.Anonymous(), "/fresh", login(wish).Access, "200")
}
