package provider

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
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
//
// What a kind of credential means that has no Inspect, nobody can tell without asking its issuer: then
// Err is ErrUntold, unless the credential is one of another provider of the route.
func InspectUnverified(kinds []kind.Kind, providers []identity.Provider, r kind.Request, at time.Time) Inspection {
	entries := make([]*entry, 0, len(providers))
	for _, p := range providers {
		i, err := inspector(kinds, p)
		if err != nil {
			return Inspection{Err: fmt.Errorf("provider %q: %w", p.Name, err)}
		}
		entries = append(entries, &entry{config: p, matcher: i})
	}
	c := &kind.Presented{}
	found, err := newPanel(nil, entries, nil).present(r, c)
	result := Inspection{Place: found.place, Err: untold(entries, found, err)}
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
func inspector(kinds []kind.Kind, p identity.Provider) (kind.Inspector, error) {
	if err := checkPlace(p.From); err != nil {
		return nil, err
	}
	for _, k := range kinds {
		switch {
		case k.Is(p) && k.Inspect != nil:
			return k.Inspect(p)
		case k.Is(p):
			return closed{}, nil
		}
	}
	return nil, errors.New("of no known kind")
}

// ErrUntold is of a credential that could be one of a provider whose kind nobody can look into.
var ErrUntold = errors.New("what this credential says cannot be told without asking its issuer")

// A closed stands for a provider whose credentials tell nothing by themselves.
type closed struct{}

// maxClosed is as many bytes as a provider can allow.
const maxClosed = 64 << 10

func (closed) MaxSize() int { return maxClosed }

func (closed) Match(*kind.Presented) kind.Match { return kind.None }

func (closed) InspectUnverified(*kind.Presented, time.Time) error { return ErrUntold }

// untold returns err, or ErrUntold where a provider could take the credential that the others refuse
// as one from elsewhere.
func untold(entries []*entry, found finding, err error) error {
	elsewhere := []reason.Code{reason.TokenIssuer, reason.TokenMalformed, reason.TokenHeader, reason.TokenAlgorithm}
	could := func(e *entry) bool { return e.config.From == found.place && e.matcher == kind.Matcher(closed{}) }
	if slices.Contains(elsewhere, reason.Of(err)) && slices.ContainsFunc(entries, could) {
		return ErrUntold
	}
	return err
}
