package identity

// A Revocation says what is cut off now.
type Revocation struct{}
