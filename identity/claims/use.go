package claims

import (
	"slices"
	"strings"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
)

// A marker is a claim by which issuers tell their kinds of token apart, and the values that it
// may have, in lower case. A marker that is absent says nothing.
type marker struct {
	claim      string
	access, id []string
}

var markers = [...]marker{
	{"typ", []string{"bearer", "jwt", "at+jwt"}, []string{"id", "jwt"}}, // Keycloak
	{"token_use", []string{"access"}, []string{"id"}},                   // Amazon Cognito
	{"token_type", []string{"access", "access_token", "bearer"}, []string{"id", "id_token"}},
}

// onlyInIDTokens are claims that OpenID Connect Core 1.0 sections 2 and 3.3.2.11 give to ID
// tokens alone.
func onlyInIDTokens() []string { return []string{"nonce", "at_hash", "c_hash"} }

// checkUse says whether a verified token is of the kind that use names.
func checkUse(claims map[string]any, use identity.Use) error {
	if _, ok := claims["events"]; ok {
		return reason.Errorf(reason.TokenType, "events: a logout token or a security event")
	}
	told := false
	for _, m := range markers {
		tells, err := m.check(claims, use)
		if err != nil {
			return err
		}
		told = told || tells
	}
	if use != identity.UseAccess || told { // Keycloak before 25 has nonce in access tokens, too
		return nil
	}
	for _, name := range onlyInIDTokens() {
		if _, ok := claims[name]; ok {
			return reason.Errorf(reason.TokenType, "%s: an ID token", name)
		}
	}
	return nil
}

// check says whether the marker tells that the token is for this use and no other. When it
// names another use, that is an error.
func (m marker) check(claims map[string]any, use identity.Use) (tells bool, _ error) {
	v, ok := claims[m.claim]
	if !ok {
		return false, nil
	}
	s, ok := v.(string)
	if !ok {
		return false, reason.Errorf(reason.TokenClaims, "%s is not a string", m.claim)
	}
	s = strings.ToLower(s)
	allowed, others := m.access, m.id
	if use == identity.UseID {
		allowed, others = m.id, m.access
	}
	switch {
	case slices.Contains(allowed, s):
		return !slices.Contains(others, s), nil
	case s == "dpop":
		return false, reason.Errorf(reason.TokenBinding, "%s: the token is bound to a key (RFC 9449), which nothing here checks", m.claim)
	}
	return false, reason.Errorf(reason.TokenType, "%s names a token for another use", m.claim)
}
