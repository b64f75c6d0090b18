package check_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	config "github.com/postern/postern/deploy/envoy"
	"github.com/postern/postern/deploy/envoy/envoytest"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// TestWhoComesIn: required or optional, a certificate that is presented is verified.
func TestWhoComesIn(t *testing.T) {
	p := newPlace(t)
	partner := []config.Trust{envoytest.Trust(t, "partner.test="+p.File("partner.pem"))}
	required, optional, federated, both := p.options(t), p.options(t), p.options(t), p.options(t)
	optional.OptionalClients = true
	federated.Trust = partner
	both.OptionalClients, both.Trust, both.ClientCA = true, partner, p.File("all.pem")
	const refused = "refused"
	for name, tc := range map[string]struct {
		o                             config.Options
		nobody, web, ally, mislabeled string // the principal, or refused
	}{
		"required":              {required, refused, mesh.Web, refused, refused},
		"optional":              {optional, "", mesh.Web, refused, refused},
		"required, two domains": {federated, refused, mesh.Web, mesh.Ally, refused},
		"optional, two domains": {both, "", mesh.Web, mesh.Ally, mesh.Web}, // Postern refuses the last: TestPosternBehindIt
	} {
		for form, text := range map[string]string{"printed": envoytest.Bootstrap(t, tc.o), "written": written(t, tc.o)} {
			t.Run(name+", "+form, func(t *testing.T) {
				g := p.start(t, text)
				for who, c := range map[string]struct {
					tls  *tls.Config
					want string
				}{
					"nobody":                  {mesh.Anonymous(), tc.nobody},
					"web":                     {g.web(), tc.web},
					"ally":                    {mesh.With(minttest.SVID(t, p.Partner, mesh.Ally)), tc.ally},
					"the partner's CA as web": {mesh.With(minttest.SVID(t, p.Partner, mesh.Web)), tc.mislabeled},
					"a stranger":              {stranger(t, g), refused},
					"an expired web":          {expired(t, g), refused},
					"TLS 1.2":                 {old(t, g), refused},
					"a web of tomorrow": {g.As(mesh.Web, mint.With(func(c *x509.Certificate) {
						c.NotBefore = time.Now().Add(12 * time.Hour)
						c.NotAfter = c.NotBefore.Add(time.Hour)
					})), refused},
				} {
					o := g.get(t, c.tls, "/")
					got := refused
					if len(o.checks) > 0 {
						got = o.checks[0].GetAttributes().GetSource().GetPrincipal()
					}
					if got != c.want {
						t.Errorf("%s: %q, want %q (%v)", who, got, c.want, o.err)
					}
				}
			})
		}
	}
}

// TestEnvoyFollowsTheSVID: with --write, a new SVID and a new bundle need no restart.
func TestEnvoyFollowsTheSVID(t *testing.T) {
	for name, edit := range map[string]func(*config.Options){
		"required": func(*config.Options) {},
		"optional": func(o *config.Options) { o.OptionalClients = true },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			o := p.options(t)
			edit(&o)
			g := p.start(t, written(t, o))
			if o := g.get(t, g.web(), "/"); !o.let() {
				t.Fatalf("web is not let in: %d %v", o.status, o.err)
			}
			next := minttest.CA(t, "shop.test")
			fresh := minttest.SVID(t, next, mesh.Orders)
			putSVID(t, p.svid, fresh, next.BundlePEM())
			newWeb := mesh.With(minttest.SVID(t, next, mesh.Web))
			eventually(t, "the new authority's web is let in", func() bool { return g.get(t, newWeb, "/").let() })
			eventually(t, "the old authority's web is refused", func() bool { return g.get(t, g.web(), "/").err != nil })
			eventually(t, "Envoy presents its new SVID", func() bool { return g.presents(t, newWeb).Equal(fresh.Leaf()) })
		})
	}
}

// TestOneFileIsReadOnce is what --write is for.
func TestOneFileIsReadOnce(t *testing.T) {
	p := newPlace(t)
	g := p.start(t, envoytest.Bootstrap(t, p.options(t)))
	before := g.presents(t, g.web())
	putSVID(t, p.svid, minttest.SVID(t, p.Shop, mesh.Orders), p.Shop.BundlePEM())
	time.Sleep(500 * time.Millisecond) // nothing is to happen: --write takes a tenth of it
	if !g.presents(t, g.web()).Equal(before) {
		t.Error("Envoy follows the files of a bootstrap; the help of postern envoy says that it does not")
	}
}

// presents returns the certificate that Envoy shows.
func (g *gate) presents(t testing.TB, c *tls.Config) *x509.Certificate {
	t.Helper()
	conn, err := tls.Dial("tcp", g.addr, c)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0]
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
