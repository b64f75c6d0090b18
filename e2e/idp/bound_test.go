//go:build e2e_idp

package idp_test

import (
	"testing"

	"github.com/postern/postern/e2e/idp"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/identity/mint/minttest"
)

// boundRoutes are for tokens that are bound to the caller's certificate: RFC 8705 section 3.
const boundRoutes = `
  - {name: bound, http: {methods: [GET], path: /bound}, allow: [{callers: [anyone], user: {provider: idp, bound: mtls}}]}
`

// bound has a token made for the certificate of a workload, which is also the one that the
// workload shows to Envoy, and sends it with other certificates too. ask gets one by a client that
// presents a certificate or none.
func (s *shop) bound(t *testing.T, title string, client func(t *testing.T, svid *idp.Client) string, authority *idp.Authority, free string) {
	t.Helper()
	svid := minttest.SVID(t, s.Shop, mesh.Web)
	certificate := svid.TLSCertificate()
	token := client(t, &idp.Client{TLS: authority.TLS(&certificate)})
	if _, ok := claims(t, token)["cnf"]; !ok {
		t.Fatalf("%s: the token has no cnf", title)
	}
	s.judge(t, mesh.With(svid), title+", a bound token with its own certificate", []kind{
		{"where a bound one is wanted", token, "/bound", "200"},
		{"where any is", token, "/any", "200"},
		{"one that is not bound, where a bound one is wanted", free, "/bound", "403 not_granted"},
	})
	s.judge(t, s.As(mesh.Batch), title+", a bound token with another workload's certificate", []kind{
		{"where a bound one is wanted", token, "/bound", "401 token_binding"},
		{"where any is", token, "/any", "401 token_binding"},
	})
	s.judge(t, s.As(mesh.Web), title+", a bound token with the workload's next certificate", []kind{
		{"where a bound one is wanted", token, "/bound", "401 token_binding"},
	})
	s.judge(t, mesh.Anonymous(), title+", a bound token without a certificate", []kind{
		{"where a bound one is wanted", token, "/bound", "401 token_binding"},
		{"where any is", token, "/any", "401 token_binding"},
	})
}

// bound are the tokens that oidc-provider binds: the SPIFFE ID of the certificate is the client.
func (l *light) bound(t *testing.T) {
	t.Parallel()
	l.shop.bound(t, "oidc-provider", func(t *testing.T, c *idp.Client) string {
		c.ID, c.Server = "bound", l.Server
		return get(t, *c, robot("resource", resource("shop-api", "alg=ES256"), "scope", "orders:read"), nil).Access
	}, l.authority, l.robot(t, "shop-api", "alg=ES256"))
	thief := minttest.SVID(t, l.Shop, mesh.Batch).TLSCertificate()
	got, err := idp.Client{ID: "bound", Server: l.Server, TLS: l.authority.TLS(&thief)}.Ask(t.Context(), robot(), nil)
	if err != nil || got.Status != 401 {
		t.Errorf("another workload gets %d %q (%v) as this client", got.Status, got.Error, err)
	}
}

// bound are the tokens that Keycloak binds.
func (h *heavy) bound(t *testing.T) {
	t.Parallel()
	h.shop.bound(t, "Keycloak", func(t *testing.T, c *idp.Client) string {
		c.ID, c.Secret, c.Server = "robot-bound", "robot-bound-secret", h.Server
		return get(t, *c, robot(), nil).Access
	}, h.authority, h.robot(t, "robot-rs256"))
	got, err := h.client(h.Server, "robot-bound", nil).Ask(t.Context(), robot(), nil)
	if err != nil || got.Status/100 != 4 {
		t.Errorf("without a certificate the client gets %d %q (%v)", got.Status, got.Error, err)
	}
}
