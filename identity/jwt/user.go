package jwt

import "github.com/postern/postern/identity/claims"

// A Verified is a token whose signature, kind and claims are proven, but for the time and the caller.
type Verified = claims.Verified
