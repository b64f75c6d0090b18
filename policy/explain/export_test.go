package explain

import "github.com/postern/postern/policy"

// End returns the changed request, with the credential that was seen, if the change was tried.
func (c Change) End() (policy.Request, bool) { return c.end.Request, c.Tried }

// Set returns the policies that decide.
func (e *Explainer) Set() *policy.Set { return e.set }

// Decided returns what the sidecar would have recorded of a question.
func (e *Explainer) Decided(q Question) (policy.Request, policy.Decision, error, error) {
	a, err := q.read()
	if err != nil {
		return policy.Request{}, policy.Decision{}, nil, err
	}
	s, _, err := e.first(&a)
	return s.r.Request, s.r.Decision, s.r.Refused, err
}
