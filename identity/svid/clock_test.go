package svid_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/postern/postern/identity/age/agetest"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/identity/svid"
)

// TestBoundaries is each bound of a certificate and of a bundle, one second either side.
func TestBoundaries(t *testing.T) {
	at := time.Date(2026, 11, 22, 16, 0, 0, 0, time.UTC)
	year := 365 * 24 * time.Hour
	ca := minttest.CA(t, "shop.test", valid(at.Add(-year), at.Add(year)))
	leaf := minttest.SVID(t, ca, "spiffe://shop.test/web", valid(at, at.Add(time.Hour))).Leaf()
	old := minttest.CA(t, "shop.test", valid(at.Add(-year), at.Add(30*time.Minute)))
	orphan := minttest.SVID(t, old, "spiffe://shop.test/web", valid(at, at.Add(time.Hour))).Leaf()
	for name, tc := range map[string]struct {
		leaf  *x509.Certificate
		until time.Time // of the bundle
		after time.Duration
		want  reason.Code
	}{
		"before notBefore":             {leaf, time.Time{}, -time.Second, reason.CertificateNotYetValid},
		"at notBefore":                 {leaf, time.Time{}, 0, reason.Allowed},
		"after notBefore":              {leaf, time.Time{}, time.Second, reason.Allowed},
		"before notAfter":              {leaf, time.Time{}, time.Hour - time.Second, reason.Allowed},
		"at notAfter":                  {leaf, time.Time{}, time.Hour, reason.Allowed}, // inclusive: RFC 5280 section 4.1.2.5
		"after notAfter":               {leaf, time.Time{}, time.Hour + time.Second, reason.CertificateExpired},
		"before the root's notAfter":   {orphan, time.Time{}, 30*time.Minute - time.Second, reason.Allowed},
		"after the root's notAfter":    {orphan, time.Time{}, 30*time.Minute + time.Second, reason.CertificateUntrusted},
		"before the bundle goes stale": {leaf, at.Add(time.Minute), time.Minute - time.Second, reason.Allowed},
		"as the bundle goes stale":     {leaf, at.Add(time.Minute), time.Minute, reason.BundleStale},
		"after the bundle went stale":  {leaf, at.Add(time.Minute), time.Minute + time.Second, reason.BundleStale},
	} {
		t.Run(name, func(t *testing.T) {
			bundles := bounded(t, tc.until, ca, old)
			for range 2 { // what was kept is bounded like what was not
				_, err := bundles.VerifyChain([]*x509.Certificate{tc.leaf}, at.Add(tc.after))
				if got := codeOf(err); got != tc.want {
					t.Errorf("got %v (%v), want %v", got, err, tc.want)
				}
			}
		})
	}
}

// TestStaleByTheOlderClock: a clock that is put back keeps no bundle in use.
func TestStaleByTheOlderClock(t *testing.T) {
	now := time.Now()
	ca := minttest.CA(t, "shop.test", valid(now.Add(-24*time.Hour), now.Add(24*time.Hour)))
	leaf := minttest.SVID(t, ca, "spiffe://shop.test/web", valid(now.Add(-12*time.Hour), now.Add(12*time.Hour))).Leaf()
	bundles := bounded(t, now.Add(time.Hour), ca)
	for name, tc := range map[string]struct {
		at   time.Time
		want reason.Code
	}{
		"now":                             {now, reason.Allowed},
		"put back":                        {agetest.Step(now, -time.Hour), reason.Allowed},
		"put forward":                     {agetest.Step(now, time.Hour), reason.BundleStale},
		"an hour later, put back":         {agetest.Step(now.Add(time.Hour), -time.Hour), reason.BundleStale},
		"short of an hour later put back": {agetest.Step(now.Add(59*time.Minute), -time.Hour), reason.Allowed},
	} {
		if _, err := bundles.VerifyChain([]*x509.Certificate{leaf}, tc.at); codeOf(err) != tc.want {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

func codeOf(err error) reason.Code {
	if err == nil {
		return reason.Allowed
	}
	return reason.Of(err)
}

func bounded(t *testing.T, until time.Time, cas ...*mint.CA) *svid.Bundles {
	t.Helper()
	var authorities []*x509.Certificate
	for _, ca := range cas {
		authorities = append(authorities, ca.Certificate())
	}
	bundle, err := svid.NewBundle(cas[0].TrustDomain(), authorities)
	if err != nil {
		t.Fatal(err)
	}
	bundles, err := svid.NewBundles(bundle.Until(until))
	if err != nil {
		t.Fatal(err)
	}
	return bundles
}

// valid makes a certificate that is valid from one time to another.
func valid(from, to time.Time) mint.Option {
	return mint.With(func(c *x509.Certificate) { c.NotBefore, c.NotAfter = from, to })
}
