package suite

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// A Result is what came of one test.
type Result struct {
	Suite    string // namespace/name of the document
	Test     string // the name of the test in it
	Name     string // of this row, whole: shop/orders: a reader reads her own order: #2
	Workload string
	Case     syntax.Case // what was asked and expected
	Request  policy.Request
	Refused  error // why the request is not canonical; nil when it is
	Decision policy.Decision
	Differs  []Difference // none: the test passed

	// Unprotected says of a decision for want of any policy that none protects the workload, and
	// which workload may have been meant; "" for every other decision.
	Unprotected string
}

// Position returns where the test stands, or the case of it.
func (r *Result) Position() syntax.Position { return r.Case.Position }

// Passed says that everything that was expected came.
func (r *Result) Passed() bool { return len(r.Differs) == 0 }

// A Difference is one thing that came otherwise than it was expected.
type Difference struct {
	Field string // a field of expect
	Want  string
	Got   string
}

func (s *Suite) run(r *row) Result {
	q, d := s.decide(&r.question, r.workload)
	result := Result{
		Suite: r.suite, Test: r.test, Name: r.name, Workload: r.workload, Case: r.in,
		Request: q, Refused: r.question.refused, Decision: d, Differs: differs(r.in.Expect, &d),
	}
	if d.Reason == reason.NoPolicy {
		result.Unprotected = s.unprotected[r.workload]
	}
	return result
}

// nothing, where a name is expected, is that there is none.
const nothing = "none"

// differs compares what was named with what came.
func differs(want *syntax.Expectation, d *policy.Decision) []Difference {
	var all []Difference
	add := func(field, wanted, got string, same bool) {
		if !same {
			all = append(all, Difference{field, wanted, got})
		}
	}
	if want.Allow != nil {
		add("decision", Verdict(*want.Allow), Verdict(d.Allow), *want.Allow == d.Allow)
	}
	if name := want.Reason.Value; name != "" {
		add("reason", name, d.Reason.String(), name == d.Reason.String())
	}
	if name := want.Rule.Value; name != "" {
		add("rule", name, RuleName(d.Rule, d.RuleName), isRule(name, d))
	}
	if name := want.Route.Value; name != "" {
		got := d.Route
		if got == "" {
			got = nothing
		}
		add("route", name, got, name == got)
	}
	if want.Status != 0 {
		add("status", strconv.Itoa(want.Status), strconv.Itoa(d.Reason.Status()), want.Status == d.Reason.Status())
	}
	if want.Shadow != nil {
		allow, why := d.Allow, d.Reason
		if d.Shadow != nil {
			allow, why = d.Shadow.Allow, d.Shadow.Reason
		}
		add("shadow", Verdict(*want.Shadow), fmt.Sprintf("%s (%s)", Verdict(allow), why), *want.Shadow == allow)
	}
	return all
}

// Verdict returns allow or deny.
func Verdict(allow bool) string {
	if allow {
		return "allow"
	}
	return "deny"
}

// RuleName returns the place of a rule and its name, when it has one; none when there is no rule.
func RuleName(at policy.Position, name string) string {
	switch {
	case at.IsZero():
		return nothing
	case name == "":
		return at.String()
	}
	return at.String() + " " + name
}

// isRule says that the rule that decided is called so: by its name, its place, the end of its
// place, or its file and line.
func isRule(want string, d *policy.Decision) bool {
	if d.Rule.IsZero() {
		return want == nothing
	}
	place := d.Rule.String()
	line := place
	if i := strings.LastIndexByte(place, ':'); i > 0 && d.Rule.Line > 0 {
		line = place[:i]
	}
	return want == d.RuleName && want != "" || endsIn(place, want) || endsIn(line, want)
}

// endsIn says that an end of s, from a slash or colon on, is want.
func endsIn(s, want string) bool {
	rest, ok := strings.CutSuffix(s, want)
	return ok && (rest == "" || strings.HasSuffix(rest, "/") || strings.HasSuffix(rest, ":"))
}

// Why returns what the decision says of itself in one line: the verdict, the reason and the rule.
func Why(d *policy.Decision) string {
	text := Verdict(d.Allow)
	if d.Reason != reason.Allowed {
		text += ", " + d.Reason.String()
	}
	if !d.Rule.IsZero() {
		text += ", by " + RuleName(d.Rule, d.RuleName)
	}
	return text
}

// Expected returns what was expected in one line.
func Expected(want *syntax.Expectation) string {
	var parts []string
	if want.Allow != nil {
		parts = append(parts, Verdict(*want.Allow))
	}
	if want.Reason.Value != "" && want.Reason.Value != reason.Allowed.String() {
		parts = append(parts, want.Reason.Value)
	}
	if want.Status != 0 {
		parts = append(parts, "status "+strconv.Itoa(want.Status))
	}
	if want.Rule.Value != "" {
		parts = append(parts, "by rule "+want.Rule.Value)
	}
	if want.Route.Value != "" {
		parts = append(parts, "route "+want.Route.Value)
	}
	if want.Shadow != nil {
		parts = append(parts, "shadow "+Verdict(*want.Shadow))
	}
	return strings.Join(parts, ", ")
}
