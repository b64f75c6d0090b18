package extauthz

import (
	"errors"

	"github.com/postern/postern/identity/assertion"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
)

// asserted returns the assertion for the upstream. It is never "" without an error.
func asserted(q *policy.Request, s *Snapshot) (string, error) {
	token, err := s.Assertions.Sign(&assertion.Claims{
		Issuer:   s.Policy.Workload(),
		Audience: s.Policy.Upstream().Audience(),
		ID:       q.ID,
		Caller:   q.Caller,
		User:     q.Credential.User,
		Method:   q.Method.String(),
		Host:     q.Host.String(),
		Path:     q.Path.Raw(),
	}, q.Time)
	if errors.Is(err, assertion.ErrTooLarge) && !q.Credential.User.IsZero() {
		// A smaller credential would do, and trying again would not.
		return "", &reason.Error{Code: reason.TokenTooLarge, Cause: err}
	}
	return token, err
}
