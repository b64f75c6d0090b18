package issuer

import (
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jwt"
	"github.com/postern/postern/identity/provider/kind"
)

// An inspector looks at tokens without any key, for tools that explain decisions.
type inspector struct{ verifier *jwt.Verifier }

func newInspector(p identity.Provider) (kind.Inspector, error) {
	verifier, err := jwt.New(p)
	if err != nil {
		return nil, err
	}
	return inspector{verifier}, nil
}

func (i inspector) MaxSize() int { return i.verifier.MaxSize() }

func (i inspector) Match(c *kind.Presented) kind.Match { return c.MatchToken(i.verifier) }

func (i inspector) InspectUnverified(c *kind.Presented, at time.Time) error {
	token, err := c.Token()
	if err != nil {
		return err
	}
	return i.verifier.InspectUnverified(token, at)
}
