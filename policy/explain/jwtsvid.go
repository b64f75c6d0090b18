package explain

import (
	"slices"

	"github.com/postern/postern/identity"
)

// origin says from where a credential claims to be: its issuer, and the subject too where one of
// the providers goes by that, which is of JWT-SVIDs.
func (c Credential) origin(providers []identity.Provider) string {
	text := "issuer is " + showAll(c.texts("iss"))
	if slices.ContainsFunc(providers, func(p identity.Provider) bool { return p.Terms().TrustDomain != "" }) {
		text += ", its subject " + showAll(c.texts("sub"))
	}
	return text
}
