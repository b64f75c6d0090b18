package svid

import (
	"errors"
	"fmt"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// The bounds of the SPIFFE ID specification, section 2.3.
const (
	maxID          = 2048
	maxTrustDomain = 255
)

// ParseID parses the SPIFFE ID of a workload: the grammar of the SPIFFE ID specification,
// section 2, at most 2048 bytes, and a path, which a trust domain's own ID has not.
func ParseID(s string) (spiffeid.ID, error) {
	id, err := parseAnyID(s)
	if err != nil {
		return spiffeid.ID{}, err
	}
	if id.Path() == "" {
		return spiffeid.ID{}, errors.New("the SPIFFE ID has no path, so it names a trust domain and no workload")
	}
	return id, nil
}

// ParseTrustDomain parses the name of a trust domain, such as shop.test: no scheme, no path,
// lower case, at most 255 bytes (SPIFFE ID specification, section 2.1).
func ParseTrustDomain(name string) (spiffeid.TrustDomain, error) {
	if len(name) > maxTrustDomain {
		return spiffeid.TrustDomain{}, fmt.Errorf("the trust domain is longer than %d bytes", maxTrustDomain)
	}
	domain, err := spiffeid.TrustDomainFromString(name)
	if err != nil {
		return spiffeid.TrustDomain{}, fmt.Errorf("trust domain %q: %w", name, err)
	}
	if domain.Name() != name {
		return spiffeid.TrustDomain{}, fmt.Errorf("%q is a SPIFFE ID; the trust domain alone is %q", name, domain.Name())
	}
	return domain, nil
}

// parseAnyID is ParseID, but the ID may be that of a trust domain.
func parseAnyID(s string) (spiffeid.ID, error) {
	if len(s) > maxID {
		return spiffeid.ID{}, fmt.Errorf("the SPIFFE ID is longer than %d bytes", maxID)
	}
	id, err := spiffeid.FromString(s)
	if err != nil {
		return spiffeid.ID{}, fmt.Errorf("not a SPIFFE ID: %w", err)
	}
	if len(id.TrustDomain().Name()) > maxTrustDomain {
		return spiffeid.ID{}, fmt.Errorf("the trust domain is longer than %d bytes", maxTrustDomain)
	}
	return id, nil
}
