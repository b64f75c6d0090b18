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

func (q *Request) input() *condition.Input {
	return &condition.Input{
		Method: q.Method.name, Host: q.Host.name, Path: q.Path.segments, Query: q.Path.query,
		ID: q.ID, Time: q.Time, HeaderValues: q.Headers.Values,
		Caller: q.Caller, User: q.Credential.User, Source: q.Source,
	}
}
