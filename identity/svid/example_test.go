package svid_test

import (
	"crypto/x509"
	"fmt"
	"time"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/svid"
)

// A caller is proven by the certificate that Envoy delivers, against the bundle of its trust
// domain.
func Example() {
	ca, _ := mint.NewCA("shop.test")
	client, _ := ca.SVID("spiffe://shop.test/ns/shop/sa/web")

	bundle, _ := svid.NewBundle(ca.TrustDomain(), []*x509.Certificate{ca.Certificate()})
	bundles, _ := svid.NewBundles(bundle)
	verifier := svid.Verifier{Bundles: bundles}

	caller, err := verifier.Verify(svid.Presented{
		Principal:   "spiffe://shop.test/ns/shop/sa/web",
		Certificate: mint.EnvoyCertificate(client.Leaf()),
	}, time.Now())
	fmt.Println(caller, err)

	_, err = verifier.Verify(svid.Presented{Principal: "spiffe://shop.test/ns/shop/sa/admin"}, time.Now())
	fmt.Println(err)
	// Output:
	// spiffe://shop.test/ns/shop/sa/web <nil>
	// certificate_missing: Envoy names a principal and delivers no certificate: is include_peer_certificate set?
}
