package policy

import "github.com/postern/postern/policy/condition"

// An input is what the conditions of one decision see, made when a first one looks.
type input struct {
	made  bool
	value condition.Input
}

func (i *input) of(q *Request) *condition.Input {
	if !i.made {
		i.made = true
		i.value = condition.Input{
			Method: q.Method.name, Host: q.Host.name, Path: q.Path.segments, Query: q.Path.query,
			ID: q.ID, Time: q.Time, Headers: &q.Headers,
			Caller: q.Caller, User: q.Credential.User, Source: q.Source,
		}
	}
	return &i.value
}

func (r *Request) input() *condition.Input { return new(input).of(r) }
