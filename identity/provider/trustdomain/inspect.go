package trustdomain

import (
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jwtsvid"
	"github.com/postern/postern/identity/provider/kind"
)

// An inspector looks at tokens without any key, for tools that explain decisions.
type inspector struct{ matcher }

func newInspector(p identity.Provider) (kind.Inspector, error) {
	verifier, err := jwtsvid.New(p)
	if err != nil {
		return nil, err
	}
	return inspector{matcher{verifier}}, nil
}

func (i inspector) InspectUnverified(c *kind.Presented, at time.Time) error {
	token, err := c.Token()
	if err != nil {
		return err
	}
	return i.verifier.InspectUnverified(token, at)
}
