package envoy

import (
	"fmt"
	"strings"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// A Trust is a federated trust domain and the PEM file of its bundle.
type Trust struct {
	domain spiffeid.TrustDomain
	file   string
}

// ParseTrust reads TRUST_DOMAIN=FILE; FILE is an absolute path.
func ParseTrust(s string) (Trust, error) {
	name, file, found := strings.Cut(s, "=")
	if !found {
		return Trust{}, fmt.Errorf("%q is not TRUST_DOMAIN=FILE", s)
	}
	domain, err := spiffeid.TrustDomainFromString(name)
	if err != nil || domain.Name() != name {
		return Trust{}, fmt.Errorf("%q is not a trust domain: write it without spiffe://", name)
	}
	if err := checkPath(file); err != nil {
		return Trust{}, fmt.Errorf("trust bundle of %s: %w", name, err)
	}
	return Trust{domain: domain, file: file}, nil
}
