package explain

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// A bearer is what the headers of a request say of its user.
type bearer struct {
	user  *syntax.TestUser // nil: nobody
	meant *syntax.TestUser // whom a credential that is refused would have named; nil: nobody
	note  string           // "" when there is nothing to say
}

// A Credential is what can be told of a request's credential without any key: provider.Inspection,
// which this package does not know.
type Credential struct {
	Place    identity.Place // where it is; zero for nowhere, or two places
	Provider string         // which provider would be asked to prove it; "" for none
	KeyID    string
	Claims   map[string]any // nil when they cannot be read
	Err      error          // why it would be refused; nil when only its signature could be the reason
}

const atItsWord = "THE TOKEN IS TAKEN AT ITS WORD: it was decoded, and its signature was not verified"

// carried looks for a credential as the sidecar does: at the places of the providers that are
// read, and nowhere else.
func (e *Explainer) carried(reads []string, h policy.Headers, at time.Time) bearer {
	var providers []identity.Provider
	for _, p := range e.set.Providers() {
		if slices.Contains(reads, p.Name) {
			providers = append(providers, p)
		}
	}
	c := e.inspect(providers, h, at)
	why := reason.Of(c.Err)
	if why == reason.CredentialMissing {
		return bearer{}
	}
	where := placeOf(c.Place)
	switch {
	case c.Place != (identity.Place{}) && why == reason.Internal:
		return bearer{note: fmt.Sprintf("the credential %s is not looked at: %s", where, causeOf(c.Err))}
	case why == reason.Allowed:
		return bearer{user: c.user(), note: fmt.Sprintf("%s (the token %s, for %s)%s", atItsWord, where, c.Provider, c.bound())}
	case why == reason.TokenIssuer || why == reason.TokenAudience:
		return refusedFor(why, fmt.Sprintf("the token %s says that its %s and its audience %s, which no provider that is read takes",
			where, c.origin(providers), showAll(c.texts("aud"))))
	case why == reason.CredentialDuplicate:
		return refusedFor(why, "there is more than one credential: "+causeOf(c.Err))
	}
	by := "every provider that is read"
	if c.Provider != "" {
		by = c.Provider
	}
	b := refusedFor(why, fmt.Sprintf("the token %s would be refused by %s: %s", where, by, causeOf(c.Err)))
	if slices.Contains([]reason.Code{reason.TokenExpired, reason.TokenNotYetValid, reason.TokenLifetime}, why) {
		b.meant = c.user() // nothing is wrong with its other claims
	}
	return b
}

// user returns the user whom a token names, at its word.
func (c Credential) user() *syntax.TestUser {
	u := &syntax.TestUser{Provider: syntax.Text{Value: c.Provider}, KeyID: syntax.Text{Value: c.KeyID}}
	for _, name := range sorted(c.Claims) {
		u.Claims = append(u.Claims, syntax.TestClaim{Name: syntax.Text{Value: name}, Value: c.Claims[name]})
	}
	return u
}

// bound says what has to be known beside a token that is bound to a certificate: a question has
// none.
func (c Credential) bound() string {
	if c.Claims["cnf"] == nil {
		return ""
	}
	return "; it is bound to a certificate (cnf), which is taken to be that of --caller: without a caller, and with another certificate, the sidecar refuses it (" +
		reason.TokenBinding.String() + ")"
}

// texts returns what of a claim is text.
func (c Credential) texts(claim string) []string {
	values, ok := c.Claims[claim].([]any)
	if !ok {
		values = []any{c.Claims[claim]}
	}
	var all []string
	for _, v := range values {
		if s, ok := v.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

// refusedFor is a credential that the sidecar would refuse.
func refusedFor(why reason.Code, note string) bearer {
	return bearer{user: &syntax.TestUser{Credential: syntax.Text{Value: why.String()}}, note: fmt.Sprintf("%s: %s", note, why)}
}

func placeOf(p identity.Place) string {
	if p.Cookie != "" {
		return "in the cookie " + p.Cookie
	}
	return "in " + p.Header
}

// withoutTimes is a user whose token is of now.
func withoutTimes(u *syntax.TestUser) *syntax.TestUser {
	fresh := *u
	fresh.Claims = slices.DeleteFunc(slices.Clone(u.Claims), func(c syntax.TestClaim) bool {
		return slices.Contains([]string{"exp", "iat", "nbf"}, c.Name.Value)
	})
	return &fresh
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func showAll(values []string) string {
	shown := make([]string, len(values))
	for i, v := range values {
		shown[i] = show(v)
	}
	if len(shown) == 0 {
		return "nothing"
	}
	return strings.Join(shown, ", ")
}
