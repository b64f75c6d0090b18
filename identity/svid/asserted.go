package svid

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
)

// Asserted is the set of trust domains for which Envoy's word is taken where it delivers no
// certificate (--callers asserted-by-envoy=...), as Istio and Envoy Gateway do not. The zero
// Asserted takes it for none.
//
// What is given up: Envoy's word is the first of several URI SANs, or a DNS SAN that says
// spiffe://, of a certificate that may have expired during the connection or, with
// ACCEPT_UNTRUSTED, was never verified. Whoever can have such a certificate from a CA that
// this Envoy trusts is whom he likes in every trust domain of the set.
type Asserted struct {
	domains []spiffeid.TrustDomain
}

// ParseAsserted parses the names of trust domains, with commas between: at least one, each
// once.
func ParseAsserted(list string) (Asserted, error) {
	var a Asserted
	for name := range strings.SplitSeq(list, ",") {
		domain, err := ParseTrustDomain(name)
		switch {
		case err != nil:
			return Asserted{}, err
		case slices.Contains(a.domains, domain):
			return Asserted{}, fmt.Errorf("the trust domain %q twice", name)
		}
		a.domains = append(a.domains, domain)
	}
	return a, nil
}

// IsZero says that Envoy's word is taken for no trust domain.
func (a Asserted) IsZero() bool { return len(a.domains) == 0 }

// String returns the names of the trust domains, with commas between.
func (a Asserted) String() string {
	names := make([]string, len(a.domains))
	for i, domain := range a.domains {
		names[i] = domain.Name()
	}
	return strings.Join(names, ",")
}

// Caller returns the caller that Envoy names, if it is the SPIFFE ID of a workload in a trust
// domain of the set, and otherwise refuses with CallerAsserted.
func (a Asserted) Caller(principal string) (identity.Caller, error) {
	id, err := ParseID(strings.Clone(principal)) // the ID refers to it, and may be kept
	switch {
	case err != nil:
		return identity.Caller{}, reason.Errorf(reason.CallerAsserted, "the principal: %w", err)
	case !slices.Contains(a.domains, id.TrustDomain()):
		return identity.Caller{}, reason.Errorf(reason.CallerAsserted,
			"Envoy's word is not taken for the trust domain %q", id.TrustDomain())
	}
	return identity.AssertedCaller(id), nil
}

// A Verifier proves callers in one of the two modes. The zero Verifier proves none.
type Verifier struct {
	Bundles  *Bundles // nil: every certificate is of an unknown trust domain
	Asserted Asserted // zero: nothing but certificates proves anything
}

// Verify is Bundles.Verify, but for a principal without a certificate, which is left to
// Asserted unless that is zero. A certificate that was delivered is always verified.
func (v Verifier) Verify(p Presented, at time.Time) (identity.Caller, error) {
	if p.Certificate == "" && p.Principal != "" && !v.Asserted.IsZero() {
		return v.Asserted.Caller(p.Principal)
	}
	return v.Bundles.Verify(p, at)
}
