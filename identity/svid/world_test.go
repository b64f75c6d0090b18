package svid_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/identity/svid"
)

const (
	web   = "spiffe://shop.test/ns/shop/sa/web"
	order = "spiffe://shop.test/ns/shop/sa/orders"
)

// noon is the time of every test here, on the second as certificates have it.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A world is two trust domains whose bundles are known, and one elsewhere.
type world struct {
	shop, partner, elsewhere *mint.CA
	bundles                  *svid.Bundles
}

func newWorld(t testing.TB) world {
	t.Helper()
	w := world{
		shop:      minttest.CA(t, "shop.test", mint.Now(noon)),
		partner:   minttest.CA(t, "partner.test", mint.Now(noon)),
		elsewhere: minttest.CA(t, "elsewhere.test", mint.Now(noon)),
	}
	w.bundles = bundles(t, bundle(t, "shop.test", w.shop.Certificate()), bundle(t, "partner.test", w.partner.Certificate()))
	return w
}

func bundle(t testing.TB, domain string, authorities ...*x509.Certificate) svid.Bundle {
	t.Helper()
	b, err := svid.NewBundle(spiffeid.RequireTrustDomainFromString(domain), authorities)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func bundles(t testing.TB, list ...svid.Bundle) *svid.Bundles {
	t.Helper()
	set, err := svid.NewBundles(list...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// present is what Envoy delivers for a client that sends the certificates, without XFCC.
func present(principal string, leaf *x509.Certificate) svid.Presented {
	return svid.Presented{Principal: principal, Certificate: mint.EnvoyCertificate(leaf)}
}

// forward is present with the XFCC of SANITIZE_SET and chain.
func forward(principal string, chain ...*x509.Certificate) svid.Presented {
	p := present(principal, chain[0])
	p.Forwarded = mint.EnvoyXFCC(order, chain...)
	return p
}

// check holds a verdict to the reason wanted. Allowed means that caller is proven; every
// other reason comes with the zero Caller and a cause.
func check(t *testing.T, got identity.Caller, err error, caller string, want reason.Code) {
	t.Helper()
	if reason.Of(err) != want {
		t.Fatalf("got %q, %v; want %v", got, err, want)
	}
	if want != reason.Allowed {
		if !got.IsZero() || got != (identity.Caller{}) {
			t.Fatalf("a refusal (%v) came with the caller %q", err, got)
		}
		return
	}
	if got.String() != caller || got.Asserted() {
		t.Fatalf("got the caller %q (asserted: %v), want %q", got, got.Asserted(), caller)
	}
}
