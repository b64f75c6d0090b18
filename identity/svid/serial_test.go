package svid_test

import (
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
)

// TestSerial holds that a proven caller has the serial number of its own certificate, whatever
// else is in the chain, by both ways of proving it.
func TestSerial(t *testing.T) {
	w := newWorld(t)
	intermediate := minttest.Intermediate(t, w.shop)
	leaf := minttest.SVID(t, intermediate, web).Leaf()
	want := fmt.Sprintf("%040x", leaf.SerialNumber)
	forwarded, err := w.bundles.Verify(forward(web, leaf, intermediate.Certificate()), noon)
	check(t, forwarded, err, web, reason.Allowed)
	sent, err := w.bundles.VerifyChain([]*x509.Certificate{leaf, intermediate.Certificate()}, noon)
	check(t, sent, err, web, reason.Allowed)
	for _, caller := range []identity.Caller{forwarded, sent} {
		if got, ok := caller.Serial(); !ok || hex.EncodeToString(got[:]) != want {
			t.Errorf("got %x, %v; want %s", got, ok, want)
		}
	}
}
