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
func (o *outcome) cutCaller() error {
	if o.cut.by = o.snapshot.Revoked.Caller(o.request.Caller, o.request.Time); o.cut.by == nil {
		return nil
	}
	return &reason.Error{Code: reason.CertificateRevoked, Cause: cutBy(o.cut.by)}
}

// cutUser makes of a credential that is cut off now one that is refused. It looks at every
// credential that was proven, however that was, so that nothing that was remembered evades it.
func (o *outcome) cutUser() {
	c := &o.request.Credential
	by := o.snapshot.Revoked.User(c.User, o.request.Time)
	if by == nil {
		return
	}
	o.cut = cut{by, c.User}
	*c = identity.Credential{Presented: true, Reason: reason.TokenRevoked, Cause: cutBy(by)}
}

func cutBy(e *revocation.Entry) error {
	return fmt.Errorf("cut off by %v of the Revocation %s until %s", e, e.Document(), e.Until().Format(time.RFC3339))
}

// nameCut names the entry as the rule of a decision that it made.
func (o *outcome) nameCut() {
	if d := &o.decision; o.cut.by != nil && (d.Reason == reason.TokenRevoked || d.Reason == reason.CertificateRevoked) {
		d.Rule, d.RuleName = policy.Position{Source: o.cut.by.At()}, o.cut.by.Name()
	}
}

// user returns whom the record names: who was proven, though it helped nobody.
func (o *outcome) user() *identity.User {
	if o.cut.user != nil {
		return o.cut.user
	}
	return o.request.Credential.User
}
