package svid_test

import (
	"strings"
	"testing"

	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/identity/svid"
)

func TestParseAsserted(t *testing.T) {
	for _, tc := range []struct {
		list string
		ok   bool
	}{
		{"shop.test", true},
		{"shop.test,partner.test", true},
		{"", false},
		{",", false},
		{"shop.test,", false},
		{",shop.test", false},
		{"shop.test, partner.test", false},
		{"shop.test,shop.test", false},
		{"Shop.test", false},
		{"*", false},
		{"shop.test/a", false},
		{"spiffe://shop.test", false},
		{"spiffe://shop.test/a", false},
		{"shop.test:80", false},
		{strings.Repeat("a", 256), false},
	} {
		a, err := svid.ParseAsserted(tc.list)
		if (err == nil) != tc.ok || a.IsZero() == tc.ok {
			t.Errorf("%q: %v, %v", tc.list, a, err)
		}
		if tc.ok && a.String() != tc.list {
			t.Errorf("%q became %q", tc.list, a)
		}
	}
}

func TestAsserted(t *testing.T) {
	a, err := svid.ParseAsserted("shop.test,partner.test")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		principal string
		ok        bool
	}{
		{web, true},
		{"spiffe://partner.test/a", true},
		{"spiffe://elsewhere.test/a", false},
		{"spiffe://a.shop.test/a", false},
		{"spiffe://shop.test", false},
		{"spiffe://shop.test/", false},
		{"spiffe://shop.test/a!b", false},
		{"spiffe://shop.test/a,spiffe://shop.test/b", false},
		{"spiffe://shop.test/a/../b", false},
		{"spiffe://Shop.test/a", false},
		{"spiffe://shop.test/a?q", false},
		{"spiffe://shop.test:80/a", false},
		{"web.shop.test", false},
		{"CN=web,O=shop.test", false},
		{"https://shop.test/a", false},
		{web + strings.Repeat("a", 2048), false},
		{"", false},
	} {
		got, err := a.Caller(tc.principal)
		if !tc.ok {
			check(t, got, err, "", reason.CallerAsserted)
			continue
		}
		if err != nil || got.String() != tc.principal || !got.Asserted() {
			t.Errorf("%q: %q (asserted: %v), %v", tc.principal, got, got.Asserted(), err)
		}
		if _, seen := got.Thumbprint(); seen {
			t.Errorf("%q: a certificate that nobody saw has a thumbprint", tc.principal)
		}
	}
	got, err := svid.Asserted{}.Caller(web)
	check(t, got, err, "", reason.CallerAsserted)
}

func TestVerifier(t *testing.T) {
	w := newWorld(t)
	asserted, err := svid.ParseAsserted("elsewhere.test")
	if err != nil {
		t.Fatal(err)
	}
	const foreign = "spiffe://elsewhere.test/a"
	good := present(web, minttest.SVID(t, w.shop, web).Leaf())
	both := svid.Verifier{Bundles: w.bundles, Asserted: asserted}
	for _, tc := range []struct {
		name string
		v    svid.Verifier
		p    svid.Presented
		want reason.Code
	}{
		{"a certificate, verified", svid.Verifier{Bundles: w.bundles}, good, reason.Allowed},
		{"a certificate, both modes", both, good, reason.Allowed},
		{"a certificate, zero verifier", svid.Verifier{}, good, reason.TrustDomainUnknown},
		{"a principal, verified", svid.Verifier{Bundles: w.bundles}, svid.Presented{Principal: web}, reason.CertificateMissing},
		{"a principal, zero verifier", svid.Verifier{}, svid.Presented{Principal: web}, reason.CertificateMissing},
		{"a principal of another domain, both modes", both, svid.Presented{Principal: web}, reason.CallerAsserted},
		{"a foreign certificate with an asserted ID", both, present(foreign, minttest.SVID(t, w.elsewhere, foreign).Leaf()), reason.TrustDomainUnknown},
		{"garbage with an asserted ID", both, svid.Presented{Principal: foreign, Certificate: "x"}, reason.CertificateMalformed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := tc.v.Verify(tc.p, noon)
			check(t, got, err, web, tc.want)
		})
	}
	for name, v := range map[string]svid.Verifier{"zero": {}, "both": both} {
		if got, err := v.Verify(svid.Presented{}, noon); err != nil || !got.IsZero() {
			t.Errorf("%s: nothing presented gave %q, %v", name, got, err)
		}
	}
	got, err := both.Verify(svid.Presented{Principal: foreign}, noon)
	if err != nil || got.String() != foreign || !got.Asserted() {
		t.Errorf("asserted: %q, %v", got, err)
	}
}
