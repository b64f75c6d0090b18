package policy

import (
	"slices"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/condition"
)

// An Outcome is what came of one conjunct.
type Outcome uint8

// The outcomes of a conjunct.
const (
	Failed  Outcome = iota
	Held            //
	Untold          // it could not be told: an error
	Skipped         // it was not looked at, since it could change nothing
)

// String returns failed, held, error or skipped.
func (o Outcome) String() string {
	switch o {
	case Held:
		return "held"
	case Untold:
		return "error"
	case Skipped:
		return "skipped"
	default:
		return "failed"
	}
}

// A RuleTrace is an Evaluation, part by part.
type RuleTrace struct {
	Evaluation
	Parts []Part
}

// A Part is one conjunct of a rule beside what the request has; of headers, one header.
type Part struct {
	Conjunct Conjuncts // one of the constants
	Outcome  Outcome
	Header   string                  // its name; "" unless Conjunct is OnHeaders
	Present  *bool                   // a header is asked for, or its absence, whatever its value
	All      bool                    // all of Wants are asked for, else any of them
	Wants    []string                // as the policy has it; of a condition its text
	Has      []string                // the request's; of a maxAge the age of the login
	Why      string                  // it could not be told; "" when it could
	Observed []condition.Observation // by a condition; see Observe
}

// Name returns the name of the conjunct: callers, scopes, when.
func (p Part) Name() string {
	for name := range p.Conjunct.Each {
		return name
	}
	return ""
}

// Trace tells of every part of the rule what the request has beside it, and what that comes to. What
// a condition saw is left to Observe, for it costs more than all the rest.
func (r *Rule) Trace(q *Request) RuleTrace {
	var in input
	return r.evaluate(q, &in).Trace(q)
}

// Trace is Rule.Trace for what was evaluated of this request already.
func (e Evaluation) Trace(q *Request) RuleTrace {
	t := RuleTrace{Evaluation: e}
	for _, bit := range e.Rule.named.Each {
		if bit == OnHeaders {
			t.Parts = append(t.Parts, e.Rule.headerParts(q.Headers)...)
			continue
		}
		p := e.Rule.part(bit, q)
		p.Conjunct, p.Outcome = bit, e.outcome(bit)
		if p.Outcome == Untold {
			p.Why = e.Rule.untold(bit, q)
		}
		t.Parts = append(t.Parts, p)
	}
	return t
}

func (e Evaluation) outcome(bit Conjuncts) Outcome {
	switch {
	case e.Held&bit != 0:
		return Held
	case e.Erred&bit != 0:
		return Untold
	case e.Skipped&bit != 0:
		return Skipped
	default:
		return Failed
	}
}

// part returns what a rule wants and the request has of one conjunct that is not of headers.
func (r *Rule) part(bit Conjuncts, q *Request) Part {
	u := q.Credential.User
	if u.IsZero() {
		u = &identity.User{}
	}
	w := r.user
	switch bit {
	case OnCallers:
		return Part{Wants: r.callers(), Has: some(q.Caller.String())}
	case OnProvider:
		return Part{Wants: w.providers, Has: some(u.Provider)}
	case OnSubjects:
		return w.subjects.part(some(u.Subject))
	case OnClients:
		return w.clients.part(some(u.Client))
	case OnAudiences:
		return w.audiences.part(u.Audiences)
	case OnScopes:
		return w.scopes.part(u.Scopes)
	case OnRoles:
		return w.roles.part(u.Roles)
	case OnACR:
		return w.acr.part(some(u.ACR))
	case OnAMR:
		return w.amr.part(u.AMR)
	case OnMaxAge:
		return Part{Wants: []string{w.maxAge.String()}, Has: age(u.AuthTime, q.Time)}
	case OnBound:
		return Part{Wants: some(w.bound.String()), Has: some(u.Bound.String())}
	case OnSource:
		return Part{Wants: r.sources(), Has: address(q)}
	case OnWhen:
		return Part{Wants: []string{r.when.Text()}}
	default:
		return Part{}
	}
}

func (v values) part(has []string) Part { return Part{All: v.all, Wants: v.want, Has: has} }

// some is a list of what there is.
func some(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func age(login, at time.Time) []string {
	if login.IsZero() {
		return nil
	}
	return []string{at.Sub(login).String()}
}

func address(q *Request) []string {
	if !q.Source.IsValid() {
		return nil
	}
	return []string{q.Source.Unmap().String()}
}

func (r *Rule) callers() []string {
	if r.anyone {
		return []string{anyone}
	}
	all := make([]string, len(r.caller))
	for i, p := range r.caller {
		all[i] = p.String()
	}
	return all
}

func (r *Rule) sources() []string {
	all := make([]string, len(r.source))
	for i, p := range r.source {
		all[i] = p.String()
	}
	return all
}

// headerParts tells of each header by itself what it comes to.
func (r *Rule) headerParts(h Headers) []Part {
	parts := make([]Part, len(r.header))
	for i := range r.header {
		w := &r.header[i]
		p := w.values.part(h.Values(w.name))
		p.Conjunct, p.Header, p.Present = OnHeaders, w.name, w.present
		switch w.holds(h, r.effect == Deny) {
		case matched:
			p.Outcome = Held
		case erred:
			p.Outcome, p.Why = Untold, "a value is not UTF-8"
			if slices.Equal(p.Has, valid(p.Has)) {
				p.Why = "an element of a list would match, and Envoy may have joined two headers to that list"
			}
		case notMatched:
		}
		parts[i] = p
	}
	return parts
}

// untold says why a condition cannot be told. Of a source it is plain: the request has none.
func (r *Rule) untold(bit Conjuncts, q *Request) string {
	if bit != OnWhen {
		return ""
	}
	if _, err := r.when.Eval(q.input()); err != nil {
		return err.Error()
	}
	return ""
}

// Observe adds what a condition saw, if it was looked at.
func (t *RuleTrace) Observe(q *Request) {
	for i := range t.Parts {
		if p := &t.Parts[i]; p.Conjunct == OnWhen && p.Outcome != Skipped {
			p.Observed = t.Rule.when.Observe(q.input())
		}
	}
}
