package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/suite"
)

// maxRules is how many rules are told of behind one failure.
const maxRules = 20

// Text writes a line for each test that failed, with what led to the decision below it, and one
// that counts; verbose, also a line for each test that passed.
func Text(w io.Writer, results []suite.Result, verbose bool) error {
	var b strings.Builder
	failed := 0
	for i := range results {
		r := &results[i]
		switch {
		case !r.Passed():
			failed++
			fmt.Fprintf(&b, "FAIL %v: %s: %s\n", r.Position(), r.Name, Difference(r))
			for _, line := range Reasons(r) {
				fmt.Fprintf(&b, "    %s\n", line)
			}
		case verbose:
			fmt.Fprintf(&b, "PASS %v: %s: %s\n", r.Position(), r.Name, suite.Why(&r.Decision))
		}
	}
	b.WriteString(count(len(results), failed))
	_, err := io.WriteString(w, b.String())
	return err
}

func count(all, failed int) string {
	tests := "tests"
	if all == 1 {
		tests = "test"
	}
	if failed > 0 {
		return fmt.Sprintf("FAIL: %d of %d %s failed\n", failed, all, tests)
	}
	return fmt.Sprintf("ok: %d %s passed\n", all, tests)
}

// Difference returns what was expected and what came, in one line.
func Difference(r *suite.Result) string {
	text := "expected " + suite.Expected(r.Case.Expect) + "; got " + suite.Why(&r.Decision)
	for _, d := range r.Differs {
		switch d.Field {
		case "route", "status", "shadow":
			text += ", " + d.Field + " " + d.Got
		}
	}
	return text
}

// Reasons returns what led to the decision, a line for each thing: the request, and what came of
// every rule that it was held to.
func Reasons(r *suite.Result) []string {
	lines := []string{"request: " + request(r)}
	switch {
	case r.Refused != nil:
		return append(lines, "not canonical: "+r.Refused.Error())
	case r.Decision.Reason == reason.CertificateRevoked:
		return append(lines, "the caller is cut off, and nothing else is looked at")
	case r.Decision.Route != "":
		lines = append(lines, "route: "+r.Decision.Route+" of "+r.Decision.Policy)
	default:
		lines = append(lines, "route: none")
	}
	if r.Unprotected != "" {
		lines = append(lines, r.Unprotected)
	}
	told := 0
	for i, e := range r.Decision.Rules {
		if !r.Decision.Allow && e.Rule.Effect() == policy.Deny && !e.Matched() && e.Told() {
			continue // it had no part in this refusal
		}
		if told++; told > maxRules {
			return append(lines, fmt.Sprintf("and %d more rules", len(r.Decision.Rules)-i))
		}
		lines = append(lines, rule(e, &r.Request))
	}
	return lines
}

// request returns who asks for what.
func request(r *suite.Result) string {
	q, from := &r.Request, r.Case.Request
	text := from.Method.Value + " " + from.Path.Value
	if from.GRPC.Value != "" {
		text = "grpc " + from.GRPC.Value
	}
	if host := q.Host.String(); host != suite.DefaultHost && host != "" {
		text += " at " + host
	}
	if !q.Time.Equal(suite.DefaultTime()) {
		text += ", time " + q.Time.Format(time.RFC3339)
	}
	text += ", caller " + orNone(q.Caller.String())
	return text + ", user " + user(r)
}

// user returns who was proven, or why nobody was.
func user(r *suite.Result) string {
	c, asked := r.Request.Credential, r.Case.User
	switch {
	case !c.User.IsZero():
		return c.User.Subject + " of " + c.User.Provider
	case c.Presented:
		return "none: " + c.Reason.String()
	case asked == nil || asked.Provider.Value+asked.Credential.Value == "":
		return "none"
	}
	return "not looked for"
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// rule returns what came of one rule: that it matched, or each part that stood between.
func rule(e policy.Evaluation, q *policy.Request) string {
	t := traced(e, q)
	text := effect(e.Rule) + " " + suite.RuleName(e.Rule.Position(), e.Rule.Name()) + ": "
	if e.Matched() {
		return text + "matched"
	}
	var parts []string
	for _, p := range t.Parts {
		if s := part(p); s != "" {
			parts = append(parts, s)
		}
	}
	return text + strings.Join(parts, "; ")
}

// traced tells of every part of a rule, what its condition saw included.
func traced(e policy.Evaluation, q *policy.Request) policy.RuleTrace {
	t := e.Trace(q)
	t.Observe(q)
	return t
}

func effect(r *policy.Rule) string {
	text := r.Effect().String()
	if r.Guardrail() {
		text = "guardrail " + text
	}
	if r.Shadow() {
		text = "shadow " + text
	}
	return text
}

// part says why one conjunct did not hold, "" when it held or nobody looked.
func part(p policy.Part) string {
	name := p.Name()
	if p.Header != "" {
		name = "header " + p.Header
	}
	switch {
	case p.Outcome == policy.Untold && p.Conjunct == policy.OnSource:
		return name + " could not be told: the request has no address"
	case p.Outcome == policy.Untold && p.Why != "":
		return name + " could not be told: " + p.Why
	case p.Outcome == policy.Untold:
		return name + " could not be told" + observed(p)
	case p.Outcome != policy.Failed:
		return ""
	case p.Present != nil && *p.Present:
		return name + " is absent"
	case p.Present != nil:
		return name + " is present"
	case p.Conjunct == policy.OnWhen:
		return name + " is false: " + strings.Join(strings.Fields(strings.Join(p.Wants, " ")), " ") + observed(p)
	case p.Conjunct == policy.OnMaxAge:
		return name + " is " + list(p.Wants, "") + ", the login's age " + list(p.Has, "unknown")
	}
	how := ""
	switch {
	case len(p.Wants) > 1 && p.All:
		how = "all of "
	case len(p.Wants) > 1:
		how = "any of "
	}
	return name + " wants " + how + list(p.Wants, "nothing") + ", has " + list(p.Has, "none")
}

// maxValues is how many values of one kind are told of.
const maxValues = 8

func list(values []string, none string) string {
	switch {
	case len(values) == 0:
		return none
	case len(values) > maxValues:
		return strings.Join(values[:maxValues], ", ") + fmt.Sprintf(" and %d more", len(values)-maxValues)
	}
	return strings.Join(values, ", ")
}

// observed returns what a condition saw, in brackets.
func observed(p policy.Part) string {
	if all := observations(p); len(all) > 0 {
		return " (" + list(all, "") + ")"
	}
	return ""
}

// observations leaves out the condition as a whole, which is what is told of.
func observations(p policy.Part) []string {
	var all []string
	for _, o := range p.Observed {
		if o.Expression == strings.Join(p.Wants, " ") {
			continue
		}
		value := o.Value
		if o.Err != "" {
			value = "error: " + o.Err
		}
		all = append(all, o.Expression+" is "+value)
	}
	return all
}
