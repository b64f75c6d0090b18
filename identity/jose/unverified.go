package jose

// UnverifiedClaims returns the claims of a token that nothing vouches for: for tools that explain a
// token, and never for a decision. Whoever calls must not modify them.
func (t *Token) UnverifiedClaims() map[string]any { return t.claims }
