package authority

import (
	"errors"
	"fmt"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity/mint"
)

// jwtLifetime is how long a JWT-SVID is good for; SPIRE's is the same.
const jwtLifetime = 5 * time.Minute

// A Snapshot is who everybody is at one time, and whom they trust. Nothing in it is ever
// modified.
type Snapshot struct {
	Bundles    []*spiffebundle.Bundle // one a trust domain, the home domain first
	Identities []Identity             // one a workload, in the order they were named
	keys       map[spiffeid.TrustDomain]*mint.Key
}

// An Identity is a workload with its X.509-SVID.
type Identity struct {
	Workload
	SVID   *mint.SVID
	issuer *mint.CA
	renew  time.Time
}

// Bundle returns the bundle of one trust domain, nil for one that is not served here.
func (s *Snapshot) Bundle(domain spiffeid.TrustDomain) *spiffebundle.Bundle {
	for _, b := range s.Bundles {
		if b.TrustDomain() == domain {
			return b
		}
	}
	return nil
}

// JWTSVID returns a JWT-SVID (SPIFFE JWT-SVID section 3) for id, good from now on.
func (s *Snapshot) JWTSVID(id spiffeid.ID, audience []string, now time.Time) (string, error) {
	key, ok := s.keys[id.TrustDomain()]
	if !ok {
		return "", fmt.Errorf("authority: trust domain %q is not served here", id.TrustDomain())
	}
	if len(audience) == 0 {
		return "", errors.New("authority: a JWT-SVID needs an audience")
	}
	return key.Sign(key.Header("JWT"), map[string]any{
		"sub": id.String(),
		"aud": audience,
		"iat": now.Unix(),
		"exp": now.Add(jwtLifetime).Unix(),
	})
}
