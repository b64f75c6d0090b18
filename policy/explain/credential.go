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
	all := look(providers, h)
	switch {
	case len(all) == 0:
		return bearer{}
	case len(all) > 1:
		return refusedFor(reason.CredentialDuplicate, "there are credentials at two places that are read")
	case all[0].broken == reason.CredentialDuplicate:
		return refusedFor(all[0].broken, "there are two credentials "+placeOf(all[0].place))
	case all[0].broken != reason.Internal:
		return refusedFor(all[0].broken, "there is no token "+placeOf(all[0].place))
	}
	here := slices.DeleteFunc(providers, func(p identity.Provider) bool { return p.From != all[0].place })
	return judged(all[0], here, at)
}

// judged says whom the one credential of a request names.
func judged(c found, here []identity.Provider, at time.Time) bearer {
	t, err := decode(c.raw)
	if err != nil {
		return refusedFor(reason.TokenMalformed, "what stands "+placeOf(c.place)+" is no JSON Web Token")
	}
	owner, why := t.owner(here)
	if owner == nil {
		return refusedFor(why, fmt.Sprintf("the token %s says that its issuer is %s and its audience %s, which no provider that is read takes",
			placeOf(c.place), show(t.text("iss")), showAll(t.audiences())))
	}
	user := t.user(owner)
	if why := t.refused(owner, at); why != reason.Allowed {
		b := refusedFor(why, fmt.Sprintf("the token %s is %s's, which would refuse it", placeOf(c.place), owner.Name))
		b.meant = user
		return b
	}
	return bearer{user: user, note: fmt.Sprintf("%s (the token %s, for %s)", atItsWord, placeOf(c.place), owner.Name)}
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
