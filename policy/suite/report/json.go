package report

import (
	"encoding/json"
	"io"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/suite"
)

// JSON writes the results as one object. coverage is put beside them as it is, unless it is nil.
func JSON(w io.Writer, results []suite.Result, coverage any) error {
	out := document{Tests: []test{}, Coverage: coverage}
	for i := range results {
		t := testOf(&results[i])
		if t.Passed {
			out.Passed++
		} else {
			out.Failed++
		}
		out.Tests = append(out.Tests, t)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

// The names of fields are an interface: scripts read them.
type document struct {
	Passed   int    `json:"passed"`
	Failed   int    `json:"failed"`
	Tests    []test `json:"tests"`
	Coverage any    `json:"coverage,omitempty"`
}

type test struct {
	Name     string       `json:"name"`
	Suite    string       `json:"suite"`
	Position string       `json:"position"`
	Workload string       `json:"workload"`
	Passed   bool         `json:"passed"`
	Decision decision     `json:"decision"`
	Differs  []difference `json:"differs,omitempty"`
	Rules    []ruleTold   `json:"rules,omitempty"` // of a test that failed
}

type decision struct {
	Verdict string `json:"decision"`
	Reason  string `json:"reason"`
	Status  int    `json:"status"`
	Rule    string `json:"rule,omitempty"`
	Name    string `json:"rule_name,omitempty"`
	Policy  string `json:"policy,omitempty"`
	Route   string `json:"route,omitempty"`
	Shadow  string `json:"shadow,omitempty"`
	Detail  string `json:"detail,omitempty"` // why the request is not canonical
}

type difference struct {
	Field string `json:"field"`
	Want  string `json:"want"`
	Got   string `json:"got"`
}

type ruleTold struct {
	Position  string `json:"position"`
	Name      string `json:"name,omitempty"`
	Effect    string `json:"effect"`
	Guardrail bool   `json:"guardrail,omitempty"`
	Shadow    bool   `json:"shadow,omitempty"`
	Matched   bool   `json:"matched"`
	Parts     []told `json:"parts"`
}

type told struct {
	Name    string   `json:"name"`
	Outcome string   `json:"outcome"`
	Wants   []string `json:"wants,omitempty"`
	Has     []string `json:"has,omitempty"`
	Why     string   `json:"why,omitempty"` // it could not be told
	Saw     []string `json:"saw,omitempty"` // a condition
}

func testOf(r *suite.Result) test {
	t := test{
		Name: r.Name, Suite: r.Suite, Position: r.Position().String(), Workload: r.Workload, Passed: r.Passed(),
		Decision: decisionOf(r),
	}
	if t.Passed {
		return t
	}
	for _, d := range r.Differs {
		t.Differs = append(t.Differs, difference(d))
	}
	for _, e := range r.Decision.Rules {
		t.Rules = append(t.Rules, ruleOf(e, &r.Request))
	}
	return t
}

func decisionOf(r *suite.Result) decision {
	d := &r.Decision
	out := decision{
		Verdict: suite.Verdict(d.Allow), Reason: d.Reason.String(), Status: d.Reason.Status(),
		Rule: d.Rule.String(), Name: d.RuleName, Policy: d.Policy, Route: d.Route,
	}
	if d.Shadow != nil {
		out.Shadow = suite.Verdict(d.Shadow.Allow)
	}
	if r.Refused != nil {
		out.Detail = r.Refused.Error()
	}
	return out
}

func ruleOf(e policy.Evaluation, q *policy.Request) ruleTold {
	out := ruleTold{
		Position: e.Rule.Position().String(), Name: e.Rule.Name(), Effect: e.Rule.Effect().String(),
		Guardrail: e.Rule.Guardrail(), Shadow: e.Rule.Shadow(), Matched: e.Matched(), Parts: []told{},
	}
	for _, p := range traced(e, q).Parts {
		name := p.Name()
		if p.Header != "" {
			name += "." + p.Header
		}
		out.Parts = append(out.Parts, told{name, p.Outcome.String(), p.Wants, p.Has, p.Why, observations(p)})
	}
	return out
}
