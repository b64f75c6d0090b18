package policy

import "github.com/postern/postern/policy/condition"

// An input is what the conditions of one decision see, made when a first one looks.
type input struct{ made *condition.Input }

func (i *input) of(q *Request) *condition.Input {
	if i.made == nil {
		i.made = q.input()
	}
	return i.made
}

func (r *Request) input() *condition.Input {
	return &condition.Input{
		Method: r.Method.name, Host: r.Host.name, Path: r.Path.segments, Query: r.Path.query,
		ID: r.ID, Time: r.Time, HeaderValues: r.Headers.Values,
		Caller: r.Caller, User: r.Credential.User, Source: r.Source,
	}
}
