//go:build e2e_spire

package spire_test

import (
	"testing"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/spire"
)

// job is a request with a JWT-SVID.
func job(token string) string {
	return "GET /job HTTP/1.1\r\nhost: orders.test\r\nauthorization: Bearer " + token + "\r\n\r\n"
}

// token returns a JWT-SVID by the agent.
func token(t *testing.T, c *spire.JWTClient, id, audience string) string {
	t.Helper()
	text, err := c.Token(id, audience)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestJWTSVIDs shows the agent's own JWT-SVIDs: a user, and never a caller.
func TestJWTSVIDs(t *testing.T) {
	t.Parallel()
	c := start(t, setup{})
	tokens := spire.NewJWTClient(t, c.agent)
	web := token(t, tokens, mesh.Web, "shop-api")
	as := c.watch.SVID(mesh.Orders)
	c.want(t, "web's JWT-SVID", nil, job(web), 200, "")
	c.want(t, "web's JWT-SVID by another caller", as, job(web), 200, "")
	c.want(t, "for another audience", as, job(token(t, tokens, mesh.Web, "billing")), 401, "token_audience")
	c.want(t, "of another subject", as, job(token(t, tokens, mesh.Orders, "shop-api")), 403, "not_granted")
	c.want(t, "where web is to be the caller", as, order[:len(order)-2]+"authorization: Bearer "+web+"\r\n\r\n", 403, "caller_not_granted")
	c.want(t, "none", as, "GET /job HTTP/1.1\r\nhost: orders.test\r\n\r\n", 401, "credential_missing")
	pace := mesh.NewPace(t)
	for range pace.Tries(1) {
		c.rotateJWT(t, tokens, pace)
	}
}

// rotateJWT rotates the authority of JWT-SVIDs under load.
func (c *sidecar) rotateJWT(t *testing.T, tokens *spire.JWTClient, pace *mesh.Pace) {
	t.Helper()
	old := token(t, tokens, mesh.Web, "shop-api")
	before := c.server.Active(spire.JWT)
	tokens.Await(before, true)
	healthy := steady(t, func() (int, string, error) {
		text, err := tokens.Token(mesh.Web, "shop-api")
		if err != nil {
			return 0, "", err
		}
		return c.ask(nil, job(text))
	})
	stale := steady(t, func() (int, string, error) { return c.ask(nil, job(old)) })
	next := c.server.Prepare(spire.JWT)
	tokens.Await(next, true)
	c.awaitKey(t, next)
	c.server.Activate(spire.JWT, next)
	c.server.Taint(spire.JWT, before)
	eventually(t, "a token by the new authority", patience, func() bool { return token(t, tokens, mesh.Web, "shop-api") != old })
	c.server.Revoke(spire.JWT, before)
	gone := tokens.Await(before, false)
	stale.wantCut("the revoked JWT authority", pace, gone.At, 401, "token_key_unknown")
	healthy.wantAllAllowed("rotation of the JWT authority")
}
