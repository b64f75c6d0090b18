package syntax

import (
	"errors"
	"fmt"
	"slices"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax/tree"
)

// notOfSVIDs says of each field that an issuer has why a trust domain has not.
var notOfSVIDs = map[string]string{
	"jwks":  "jwks is an issuer's: JWT-SVIDs are verified by the JWT bundle of their trust domain",
	"use":   "use is an issuer's: a JWT-SVID is for one thing alone, to say which workload it was given to",
	"types": "types are an issuer's: the typ of a JWT-SVID is JWT, JOSE or left out",
}

// trustDomain reads what is said of JWT-SVIDs alone; common is what both kinds of JWT say.
func (o object) trustDomain(common identity.JWTIssuer) *identity.JWTSVIDs {
	j := &identity.JWTSVIDs{
		TrustDomain: o.only(o.get("trustDomain"), checkSVIDDomain, "one trust domain", "write an IdentityProvider for each").Value, Audiences: common.Audiences,
		Algorithms: identity.JWTSVIDAlgorithms(), Skew: common.Skew, MaxLifetime: common.MaxLifetime, MaxSize: common.MaxSize,
	}
	if named := o.get("algorithms"); named != nil {
		j.Algorithms = values(o.texts(named, checkSVIDAlgorithm))
	}
	for key := range o.node.Fields() {
		if why := notOfSVIDs[key.Text]; why != "" {
			o.fail(key, "%s", why)
		}
	}
	return j
}

// maxDomain is how many bytes the name of a trust domain has at most (SPIFFE ID specification,
// section 2.1).
const maxDomain = 255

func checkSVIDDomain(s string) error {
	if len(s) > maxDomain {
		return fmt.Errorf("the name of a trust domain has at most %d bytes", maxDomain)
	}
	return checkTrustDomain(s)
}

func checkSVIDAlgorithm(s string) error {
	if slices.Contains(identity.Algorithms(), s) && !slices.Contains(identity.JWTSVIDAlgorithms(), s) {
		return errors.New(s + " is no algorithm of JWT-SVIDs (JWT-SVID specification, section 3.1)")
	}
	return checkAlgorithm(s)
}

// checkSVIDSubject holds that the subject of a JWT-SVID is its SPIFFE ID: another claim is what some
// workload asked for.
func (r *reader) checkSVIDSubject(claims *tree.Node, p *identity.Provider) {
	if claims == nil || claims.Kind != tree.Mapping || p.JWTSVID == nil || slices.Equal(p.Claims.Subject, []string{defaultSubject}) {
		return
	}
	for key := range claims.Fields() {
		if key.Text == "subject" {
			r.fail(key, "the subject of a JWT-SVID is sub, its SPIFFE ID: leave subject out")
		}
	}
}
