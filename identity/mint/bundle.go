package mint

import (
	"fmt"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
)

// BundlePEM returns the root of the trust domain in PEM. An intermediate's is its root's.
func (ca *CA) BundlePEM() []byte { return CertificatePEM(ca.root) }

// Bundle returns the bundle of the trust domain: its root, and the keys as JWT authorities.
func (ca *CA) Bundle(authorities ...*Key) (*spiffebundle.Bundle, error) {
	b := spiffebundle.New(ca.domain)
	b.AddX509Authority(ca.root)
	for _, key := range authorities {
		if err := b.AddJWTAuthority(key.ID(), key.Public()); err != nil {
			return nil, fmt.Errorf("mint: JWT authority: %w", err)
		}
	}
	return b, nil
}

// BundleJSON returns Bundle in the format of the SPIFFE Trust Domain and Bundle specification,
// section 4.
func (ca *CA) BundleJSON(authorities ...*Key) ([]byte, error) {
	b, err := ca.Bundle(authorities...)
	if err != nil {
		return nil, err
	}
	return b.Marshal()
}
