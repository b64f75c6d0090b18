package sds

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity/svid"
)

// An Identity is the workload's own X.509-SVID with its private key. It is immutable, and prints
// as its SPIFFE ID whatever verb asks. The zero Identity is none.
type Identity struct {
	id       spiffeid.ID
	chain    []*x509.Certificate
	chainPEM []byte
	keyPEM   []byte
}

// NewIdentity returns the identity of a chain, leaf first, and the leaf's private key.
func NewIdentity(id spiffeid.ID, chain []*x509.Certificate, key crypto.Signer) (Identity, error) {
	if id.IsZero() || len(chain) == 0 || key == nil {
		return Identity{}, errors.New("an identity needs a SPIFFE ID, a certificate and its private key")
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(chain[0].PublicKey) {
		return Identity{}, fmt.Errorf("the private key of %s is not that of its certificate", id)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Identity{}, fmt.Errorf("the private key of %s is a %T, which cannot be handed on", id, key)
	}
	return Identity{
		id: id, chain: slices.Clone(chain), chainPEM: encode(chain),
		keyPEM: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}, nil
}

// IsZero says that there is no identity.
func (i Identity) IsZero() bool { return len(i.chain) == 0 }

// Expires is when Envoy's peers begin to refuse the certificate.
func (i Identity) Expires() time.Time {
	if i.IsZero() {
		return time.Time{}
	}
	return i.chain[0].NotAfter
}

// String returns the SPIFFE ID.
func (i Identity) String() string { return i.id.String() }

// Format is fmt.Formatter: without it %d would print the key byte by byte.
func (i Identity) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, i.String()) }

// quotes says that a text has a part of the private key in it.
func (i Identity) quotes(text string) bool {
	for line := range bytes.Lines(i.keyPEM) {
		if line = bytes.TrimSpace(line); len(line) >= 16 && bytes.Contains([]byte(text), line) {
			return true
		}
	}
	return false
}

// A State is all that Envoy is given at one moment. The zero State has nothing for it.
type State struct {
	// Identity is the workload's own; zero while there is none.
	Identity Identity
	// Bundles is whom it believes. Empty is: not known yet.
	Bundles *svid.Bundles
}

// own is the trust domain that ROOTCA stands for.
func (s State) own() spiffeid.TrustDomain { return s.Identity.id.TrustDomain() }

func encode(chain []*x509.Certificate) []byte {
	var out bytes.Buffer
	for _, c := range chain {
		_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}) // a buffer takes everything
	}
	return out.Bytes()
}
