package claims

import (
	"crypto/sha256"
	"encoding/base64"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
)

// x5t is the member of cnf that binds a token to a certificate: RFC 8705 section 3.1.
const x5t = "x5t#S256"

// A thumbprint is the SHA-256 of a certificate.
type thumbprint [sha256.Size]byte

// binding returns to what a token is bound, and the SHA-256 of the certificate when it is one. All
// of cnf has to be understood (RFC 7800 section 3.1 allows to ignore members; who does so takes a
// token for less bound than it is).
func binding(claims map[string]any) (identity.Binding, thumbprint, error) {
	var none thumbprint
	v, ok := claims["cnf"]
	if !ok {
		return identity.BoundNot, none, nil
	}
	cnf, ok := v.(map[string]any)
	if !ok {
		return 0, none, reason.Errorf(reason.TokenBinding, "cnf is not an object")
	}
	text, ok := cnf[x5t].(string)
	if !ok || len(cnf) != 1 {
		return 0, none, reason.Errorf(reason.TokenBinding, "cnf: the token is bound to something else than a certificate alone, which nothing here checks")
	}
	print, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(print) != sha256.Size || base64.RawURLEncoding.EncodeToString(print) != text {
		return 0, none, reason.Errorf(reason.TokenBinding, "cnf: %s is not 32 bytes of base64url", x5t)
	}
	return identity.BoundMTLS, thumbprint(print), nil
}

// checkBinding says whether the caller has proven to have the certificate to which a token is
// bound.
func checkBinding(bound thumbprint, caller identity.Caller) error {
	switch print, seen := caller.Thumbprint(); {
	case !seen:
		return reason.Errorf(reason.TokenBinding, "cnf: the token is bound to a certificate, and the caller's was not seen")
	case print != bound:
		return reason.Errorf(reason.TokenBinding, "cnf: the token is bound to another certificate than the caller's")
	}
	return nil
}
