package svid_test

import (
	"testing"
	"time"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/identity/svid"
)

// TestKeptCertificatesEnd: what was proven and kept ends with the certificate, with what signed it,
// with its bundle; and it is nobody else's.
func TestKeptCertificatesEnd(t *testing.T) {
	w := newWorld(t)
	leaf := minttest.SVID(t, w.shop, web, mint.Now(noon), mint.Lifetime(time.Hour)).Leaf()
	p, tampered := present(web, leaf), present(web, leaf)
	tampered.Certificate = tampered.Certificate[:100] + "B" + tampered.Certificate[101:]
	if tampered.Certificate == p.Certificate {
		tampered.Certificate = tampered.Certificate[:100] + "C" + tampered.Certificate[101:]
	}
	other := forward(web, minttest.SVID(t, w.shop, web).Leaf())
	alien := p
	alien.Forwarded = other.Forwarded
	stale := bundles(t, bundle(t, "shop.test", w.shop.Certificate()).Until(noon.Add(time.Minute)))
	rotated := bundles(t, bundle(t, "shop.test", minttest.CA(t, "shop.test", mint.Now(noon)).Certificate()))
	for range 3 {
		for _, tc := range []struct {
			name string
			set  *svid.Bundles
			p    svid.Presented
			at   time.Time
			want reason.Code
		}{
			{"good", w.bundles, p, noon, reason.Allowed},
			{"with its XFCC", w.bundles, forward(web, leaf), noon, reason.Allowed},
			{"with another's XFCC", w.bundles, alien, noon, reason.BadHeader},
			{"for another principal", w.bundles, present(order, leaf), noon, reason.BadRequest},
			{"for no principal", w.bundles, present("", leaf), noon, reason.BadRequest},
			{"its last second", w.bundles, p, leaf.NotAfter, reason.Allowed},
			{"a second later", w.bundles, p, leaf.NotAfter.Add(time.Second), reason.CertificateExpired},
			{"its first second", w.bundles, p, leaf.NotBefore, reason.Allowed},
			{"a second before", w.bundles, p, leaf.NotBefore.Add(-time.Second), reason.CertificateNotYetValid},
			{"at no time", w.bundles, p, time.Time{}, reason.Internal},
			{"the bundle is live", stale, p, noon, reason.Allowed},
			{"the bundle is stale", stale, p, noon.Add(time.Minute), reason.BundleStale},
			{"the root is gone", rotated, p, noon, reason.CertificateUntrusted},
			{"the trust domain is gone", bundles(t), p, noon, reason.TrustDomainUnknown},
		} {
			got, err := tc.set.Verify(tc.p, tc.at)
			if reason.Of(err) != tc.want || got.IsZero() == (tc.want == reason.Allowed) {
				t.Errorf("%s: got %q, %v, want %v", tc.name, got, err, tc.want)
			}
		}
		if got, err := w.bundles.Verify(tampered, noon); err == nil || !got.IsZero() {
			t.Errorf("one byte is another: got %q, %v", got, err)
		}
	}
}

// TestKeptCertificatesEndWithTheirChain: an intermediate that ends before the leaf ends it.
func TestKeptCertificatesEndWithTheirChain(t *testing.T) {
	w := newWorld(t)
	middle := minttest.Intermediate(t, w.shop, mint.Now(noon), mint.Lifetime(time.Hour))
	p := forward(web, minttest.SVID(t, middle, web, mint.Now(noon), mint.Lifetime(8*time.Hour)).Certificates...)
	for range 2 {
		for at, want := range map[time.Time]reason.Code{
			noon:                    reason.Allowed,
			noon.Add(time.Hour):     reason.Allowed,
			noon.Add(2 * time.Hour): reason.CertificateUntrusted,
		} {
			if _, err := w.bundles.Verify(p, at); reason.Of(err) != want {
				t.Errorf("at %v: %v, want %v", at, err, want)
			}
		}
	}
}

// TestAKeptCertificateCostsNothing: the second time is a look-up.
func TestAKeptCertificateCostsNothing(t *testing.T) {
	w := newWorld(t)
	p := forward(web, minttest.SVID(t, w.shop, web).Leaf())
	if _, err := w.bundles.Verify(p, noon); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = w.bundles.Verify(p, noon) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
