package provider

import (
	"errors"
	"fmt"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/provider/kind"
)

// An Inspection is what can be told of a request's credential without any key. Nothing vouches
// for it.
type Inspection struct {
	Place    identity.Place // where the credential is; zero when there is none, or two
	Provider string         // which provider would be asked to prove it; "" for none
	KeyID    string         // as the credential has it
	Claims   map[string]any // as the credential has them, not to be modified; nil when they cannot be read

	// Err is why it would be refused, as of Authenticate; nil when only its signature could be the
	// reason. With reason.CredentialMissing there is none.
	Err error
}

// InspectUnverified finds the credential of one of the providers as Set.Authenticate does, and says
// what would come of it if its signature were good. IT PROVES NOTHING and knows no keys: it is for
// tools that explain a decision, never for what takes one.
func InspectUnverified(providers []identity.Provider, h Headers, at time.Time) Inspection {
	entries := make([]*entry, 0, len(providers))
	for _, p := range providers {
		i, err := inspector(p)
		if err != nil {
			return Inspection{Err: fmt.Errorf("provider %q: %w", p.Name, err)}
		}
		entries = append(entries, &entry{config: p, matcher: i})
	}
	c := kind.NewPresented("", 0)
	found, err := present(entries, h, c)
	result := Inspection{Place: found.place, Err: err}
	if c.Raw() == "" {
		return result
	}
	if token, err := c.Token(); err == nil {
		result.KeyID, result.Claims = token.KeyID(), token.UnverifiedClaims()
	}
	if found.chosen == nil {
		return result
	}
	result.Provider = found.chosen.config.Name
	if i, ok := found.chosen.matcher.(kind.Inspector); ok {
		result.Err = i.InspectUnverified(c, at)
	}
	return result
}

// inspector returns what inspects the credentials of a provider.
func inspector(p identity.Provider) (kind.Inspector, error) {
	if err := checkPlace(p.From); err != nil {
		return nil, err
	}
	for _, k := range Kinds() {
		if k.Is(p) && k.Inspect != nil {
			return k.Inspect(p)
		}
	}
	return nil, errors.New("of no kind that can be inspected")
}
