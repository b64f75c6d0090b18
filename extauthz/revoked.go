package extauthz

import (
	"fmt"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/identity/revocation"
	"github.com/postern/postern/policy"
)

// A cut is what a Revocation took from a request.
type cut struct {
	by   *revocation.Entry // nil: nothing was
	user *identity.User    // whose credential was proven and is cut off; nil for a caller
}

// cutCaller refuses a caller that is cut off now.
func (c *call) cutCaller() error {
	if c.cut.by = c.snapshot.Revoked.Caller(c.request.Caller, c.request.Time); c.cut.by == nil {
		return nil
	}
	return &reason.Error{Code: reason.CertificateRevoked, Cause: cutBy(c.cut.by)}
}

// cutUser makes of a credential that is cut off now one that is refused. It looks at every
// credential that was proven, however that was, so that nothing that was remembered evades it.
func (c *call) cutUser() {
	found := &c.request.Credential
	by := c.snapshot.Revoked.User(found.User, c.request.Time)
	if by == nil {
		return
	}
	c.cut = cut{by, found.User}
	*found = identity.Credential{Presented: true, Reason: reason.TokenRevoked, Cause: cutBy(by)}
}

func cutBy(e *revocation.Entry) error {
	return fmt.Errorf("cut off by %v of the Revocation %s until %s", e, e.Document(), e.Until().Format(time.RFC3339))
}

// nameCut names the entry as the rule of a decision that it made.
func (c *call) nameCut() {
	if d := &c.decision; c.cut.by != nil && (d.Reason == reason.TokenRevoked || d.Reason == reason.CertificateRevoked) {
		d.Rule, d.RuleName = policy.Position{Source: c.cut.by.At()}, c.cut.by.Name()
	}
}

// user returns whom the record names: who was proven, though it helped nobody.
func (c *call) user() *identity.User {
	if c.cut.user != nil {
		return c.cut.user
	}
	return c.request.Credential.User
}
