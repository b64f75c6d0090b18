package svid_test

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/identity/svid"
)

func TestNoCaller(t *testing.T) {
	w := newWorld(t)
	got, err := w.bundles.Verify(svid.Presented{}, noon)
	if err != nil || !got.IsZero() {
		t.Fatalf("got %q, %v; want no caller and no error", got, err)
	}
}

func TestCertificateMissing(t *testing.T) {
	w := newWorld(t)
	for _, principal := range []string{web, "CN=web", " ", "\x00"} {
		got, err := w.bundles.Verify(svid.Presented{Principal: principal}, noon)
		check(t, got, err, "", reason.CertificateMissing)
	}
}

func TestThumbprint(t *testing.T) {
	w := newWorld(t)
	leaf := minttest.SVID(t, w.shop, web).Leaf()
	got, err := w.bundles.Verify(forward(web, leaf), noon)
	check(t, got, err, web, reason.Allowed)
	thumbprint, ok := got.Thumbprint()
	if want := sha256.Sum256(leaf.Raw); !ok || thumbprint != want {
		t.Fatalf("got %x, %v; want %x", thumbprint, ok, want)
	}
	if got.TrustDomain() != "shop.test" {
		t.Errorf("trust domain %q", got.TrustDomain())
	}
}

// TestRefusals holds that each refusal is a *reason.Error with a cause.
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	_, err := w.bundles.Verify(svid.Presented{Principal: web, Certificate: "x"}, noon)
	var refusal *reason.Error
	if !errors.As(err, &refusal) || refusal.Cause == nil {
		t.Fatalf("got %#v", err)
	}
}

// FuzzVerify gives any three strings: no panic, and no caller but those that hold a key of the
// shop's CA.
func FuzzVerify(f *testing.F) {
	w := newWorld(f)
	middle := minttest.Intermediate(f, w.shop)
	proven := map[string]bool{web: true, order: true}
	for id := range proven {
		f.Add(id, mint.EnvoyCertificate(minttest.SVID(f, w.shop, id).Leaf()), "")
		p := forward(id, minttest.SVID(f, middle, id).Certificates...)
		f.Add(p.Principal, p.Certificate, p.Forwarded)
	}
	evil := minttest.SVID(f, w.elsewhere, "spiffe://shop.test/ns/shop/sa/admin")
	p := forward(web, evil.Leaf(), w.elsewhere.Certificate())
	f.Add(p.Principal, p.Certificate, p.Forwarded)
	f.Add("", "", "")
	f.Add(web, "", "By=a")
	f.Fuzz(func(t *testing.T, principal, certificate, forwarded string) {
		p := svid.Presented{Principal: principal, Certificate: certificate, Forwarded: forwarded}
		got, err := w.bundles.Verify(p, noon)
		switch {
		case err != nil && got != (identity.Caller{}):
			t.Fatalf("a refusal (%v) came with %q", err, got)
		case err != nil && (reason.Of(err) == reason.Internal || reason.Of(err) == reason.Allowed):
			t.Fatalf("%v is no reason for a refusal", err)
		case err == nil && principal+certificate != "" && !proven[got.String()]:
			t.Fatalf("%+v gave %q", p, got)
		case err == nil && got.String() != principal:
			t.Fatalf("%+v gave %q", p, got)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	w := newWorld(b)
	middle := minttest.Intermediate(b, w.shop)
	leaf := minttest.SVID(b, w.shop, web).Leaf()
	for name, p := range map[string]svid.Presented{
		"direct":       present(web, leaf),
		"xfcc":         forward(web, leaf),
		"intermediate": forward(web, minttest.SVID(b, middle, web).Certificates...),
		"missing":      {Principal: web},
		"untrusted":    present(web, minttest.SVID(b, w.elsewhere, web).Leaf()),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = w.bundles.Verify(p, noon)
			}
		})
		if p.Certificate != "" {
			b.Run(name+", anew", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_ = w.bundles.VerifyAnew(p, noon)
				}
			})
		}
	}
}

// VerifyChain holds a client of our own to the same rules.
func TestVerifyChain(t *testing.T) {
	ca, foreign := minttest.CA(t, "shop.test"), minttest.CA(t, "shop.test")
	between := minttest.Intermediate(t, ca)
	const id = "spiffe://shop.test/ns/shop/sa/orders"
	bundle, err := svid.NewBundle(ca.TrustDomain(), []*x509.Certificate{ca.Certificate()})
	if err != nil {
		t.Fatal(err)
	}
	bundles, err := svid.NewBundles(bundle)
	if err != nil {
		t.Fatal(err)
	}
	good := minttest.SVID(t, between, id).Certificates
	if caller, err := bundles.VerifyChain(good, time.Now()); err != nil || caller.String() != id {
		t.Errorf("got %v, %v", caller, err)
	}
	for name, tc := range map[string]struct {
		sent []*x509.Certificate
		want reason.Code
	}{
		"no certificate":  {nil, reason.CertificateMissing},
		"no intermediate": {good[:1], reason.CertificateUntrusted},
		"too many":        {slices.Repeat(good, 5), reason.CertificateMalformed},
		"a CA's":          {[]*x509.Certificate{ca.Certificate()}, reason.CertificateNotSVID},
		"another CA's":    {minttest.SVID(t, foreign, id).Certificates, reason.CertificateUntrusted},
	} {
		if caller, err := bundles.VerifyChain(tc.sent, time.Now()); reason.Of(err) != tc.want || !caller.IsZero() {
			t.Errorf("%s: %v, %v; want %v", name, caller, err, tc.want)
		}
	}
}

// TestCauses holds that whoever reads the log learns what is wrong, and nothing of the
// certificate's own bytes.
func TestCauses(t *testing.T) {
	w := newWorld(t)
	bad := minttest.SVID(t, w.shop, web, mint.With(func(c *x509.Certificate) { c.KeyUsage = 0 })).Leaf()
	unfit := minttest.Intermediate(t, w.shop, mint.With(func(c *x509.Certificate) { c.KeyUsage = 0 }))
	late := minttest.SVID(t, w.shop, web, mint.Now(noon.Add(-2*time.Hour))).Leaf()
	good := minttest.SVID(t, w.shop, web).Leaf()
	stale := bundles(t, bundle(t, "shop.test", w.shop.Certificate()).Until(noon))
	for _, tc := range []struct {
		set  *svid.Bundles
		p    svid.Presented
		want string
	}{
		{w.bundles, svid.Presented{Principal: web}, "certificate_missing: Envoy names a principal"},
		{w.bundles, svid.Presented{Principal: web, Certificate: "%"}, "certificate_malformed: source.certificate: an escape is cut off"},
		{w.bundles, present(web, bad), "certificate_not_svid: no key usage (section 4.3)"},
		{w.bundles, present(web, late), "certificate_expired: valid until 2026-03-01T11:00:00Z"},
		{w.bundles, present(order, good), `bad_request: the principal is not the ID "` + web + `"`},
		{nil, present(web, good), `trust_domain_unknown: no bundle for the trust domain "shop.test"`},
		{stale, present(web, good), `bundle_stale: the bundle of "shop.test" served until 2026-03-01T12:00:00Z`},
		{w.bundles, present(web, minttest.SVID(t, w.elsewhere, web).Leaf()), `certificate_untrusted: no chain to the bundle of "shop.test": x509:`},
		{w.bundles, forward(web, minttest.SVID(t, unfit, web).Certificates...), "; certificate 2 of the Chain is unfit: no critical key usage"},
	} {
		_, err := tc.set.Verify(tc.p, noon)
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "PANIC") || len(err.Error()) > 600 {
			t.Errorf("got %v, want %q", err, tc.want)
		}
		if tc.p.Certificate != "%" && strings.Contains(fmt.Sprint(err), "MII") {
			t.Errorf("%v quotes the certificate", err)
		}
	}
}
