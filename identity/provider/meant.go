package provider

import (
	"fmt"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/provider/kind"
)

// MeantUnverified returns those of the providers that a credential claims most to be made for, as
// Authenticate chooses: by what each kind goes by, and by the audience. Of a credential of nobody's
// issuer there are none. Where it was found is not known here, so several can be meant. IT PROVES
// NOTHING, and is for tools alone.
func MeantUnverified(providers []identity.Provider, credential string) ([]identity.Provider, error) {
	c := kind.NewPresented(credential, len(credential), kind.Request{})
	if _, err := c.Token(); err != nil {
		return nil, err
	}
	best := kind.None
	var meant []identity.Provider
	for _, p := range providers {
		i, err := inspector(Kinds(), p)
		if err != nil {
			return nil, fmt.Errorf("provider %q: %w", p.Name, err)
		}
		m := i.Match(c)
		if m > best {
			best, meant = m, nil
		}
		if m == best && m != kind.None {
			meant = append(meant, p)
		}
	}
	return meant, nil
}
