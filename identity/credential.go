package identity

import "github.com/postern/postern/identity/reason"

// A Credential is what came of looking for a user's credential in one request. The zero
// Credential says that nobody looked.
type Credential struct {
	// User is whom the credential speaks for; nil unless it was verified.
	User *User
	// Presented says that something was found where a credential belongs, good or bad.
	Presented bool
	// Reason is Allowed when User is proven, CredentialMissing when nothing was found, and
	// otherwise what is wrong. It is Internal when nobody looked.
	Reason reason.Code
	// RetryAfter is how many seconds a client does well to wait; 0 unless Reason is Unavailable.
	RetryAfter int
	// Cause says what exactly is wrong, for the operator of Postern and never for a client; nil
	// when nothing is, or there is no credential. It holds no part of one.
	Cause error
}
