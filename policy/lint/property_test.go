//go:build !race

package lint_test

import (
	"cmp"
	"flag"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/lint"
	"github.com/postern/postern/policy/syntax"
)

// tries is how many random worlds are made: go test -worlds 100000 takes a while.
var tries = flag.Uint64("worlds", 90, "how many random policies to lint")

// requests is how many requests each is asked.
const requests = 80

// TestFindingsAreTrue makes random policies and holds what lint says of them to what they decide.
// A rule that is called subsumed can be taken out, one that is called dead never decides, and mended
// files decide as they did.
func TestFindingsAreTrue(t *testing.T) {
	seen := map[lint.Code]int{}
	worlds := 0
	for seed := range *tries {
		d := newDice(seed)
		sources := []lint.Source{{Name: "a.yaml", Text: []byte(d.documents())}, {Name: "people.yaml", Text: []byte(people)}}
		set := compile(sources)
		if set == nil { // the routes conflict
			continue
		}
		worlds++
		report := lint.Run(sources, lint.Options{Now: now})
		if report.Invalid() {
			t.Fatalf("seed %d: %v is loaded, and called invalid: %v", seed, sources[0], report.Findings)
		}
		claims := claimsOf(t, sources, report)
		for _, f := range report.Findings {
			seen[f.Code]++
		}
		for range requests {
			q := d.request()
			m := set.Match(q)
			d.credential(q, m.Providers())
			decision := m.Decide(q)
			for _, c := range claims {
				if says := c.broken(q, m, decision); says != "" {
					t.Fatalf("seed %d: %v\n%s\n%s\n%+v\n%+v", seed, c.finding, says, sources[0].Text, q, decision)
				}
			}
		}
	}
	for _, code := range []lint.Code{
		lint.SubsumedRule, lint.UndercutRule, lint.ContradictedAllow, lint.UnreachableRoute, lint.AllowNeverMatches, lint.DenyNeverMatches,
		lint.RedundantEntry, lint.UnusedGroup, lint.DeniesEverything, lint.AlwaysTrue, lint.DenyMayErr,
	} {
		if seen[code] < 2 {
			t.Errorf("%s was found %d times", code, seen[code])
		}
	}
	t.Logf("%d worlds: %v", worlds, seen)
}

func compile(sources []lint.Source) *policy.Set {
	set, err := policy.Compile(documentsOf(sources), policy.Options{Workload: protected, Now: now})
	if err != nil {
		return nil
	}
	return set
}

func documentsOf(sources []lint.Source) []syntax.Document {
	var all []syntax.Document
	for _, s := range sources {
		documents, err := syntax.Parse(s.Name, s.Text)
		if err != nil {
			panic(err)
		}
		all = append(all, documents...)
	}
	return all
}

// A claim is what a finding says of every request. broken says how it is not so, or nothing.
type claim struct {
	finding lint.Finding
	broken  func(*policy.Request, policy.Match, policy.Decision) string
}

func claimsOf(t *testing.T, sources []lint.Source, report *lint.Report) []claim {
	t.Helper()
	var claims []claim
	for _, f := range report.Findings {
		c := claim{finding: f}
		switch f.Code {
		case lint.SubsumedRule:
			c.broken = likeSet(compileWithout(t, sources, f.Position))
		case lint.ContradictedAllow, lint.AllowNeverMatches:
			c.broken = neverAllows(f.Position.Line)
		case lint.DenyNeverMatches:
			c.broken = neverMatches(f.Position.Line)
		case lint.ShadowNeverTold:
			c.broken = never(f.Position.Line, policy.Evaluation.Matched, "it matches")
		case lint.UserNeverRead:
			c.broken = func(_ *policy.Request, m policy.Match, d policy.Decision) string {
				return never(f.Position.Line, func(policy.Evaluation) bool { return len(m.Providers()) > 0 }, "a credential is read")(nil, m, d)
			}
		case lint.AlwaysTrue:
			c.broken = never(f.Position.Line, func(e policy.Evaluation) bool { return e.Rule.Named()&^e.Held&^e.Skipped&policy.OnWhen != 0 }, "the condition does not hold")
		case lint.UndercutRule:
			c.broken = neverAlone(f.Position.Line)
		case lint.UnreachableRoute:
			c.broken = neverGoesTo(t, sources, f.Position)
		default:
			continue
		}
		claims = append(claims, c)
	}
	mended, err := lint.Mend(sources, lint.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if len(mended.Findings) > 0 {
		claims = append(claims, claim{lint.Finding{Message: "mended: " + string(mended.Sources[0].Text)}, likeSet(compile(mended.Sources))})
	}
	return claims
}

// compileWithout compiles without the rule at a position.
func compileWithout(t *testing.T, sources []lint.Source, at syntax.Position) *policy.Set {
	t.Helper()
	documents := documentsOf(sources)
	found := false
	drop := func(rules []syntax.Rule) []syntax.Rule {
		return slices.DeleteFunc(rules, func(r syntax.Rule) bool { found = found || r.Position == at; return r.Position == at })
	}
	for i := range documents {
		if p := documents[i].ServicePolicy; p != nil {
			p.Deny = drop(p.Deny)
			for j := range p.Routes {
				p.Routes[j].Allow, p.Routes[j].Deny = drop(p.Routes[j].Allow), drop(p.Routes[j].Deny)
			}
		}
	}
	if !found {
		t.Fatalf("there is no rule at %v", at)
	}
	set, err := policy.Compile(documents, policy.Options{Workload: protected, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// likeSet says that another set decides otherwise, but for which rule it names.
func likeSet(other *policy.Set) func(*policy.Request, policy.Match, policy.Decision) string {
	return func(q *policy.Request, m policy.Match, d policy.Decision) string {
		n := other.Match(q)
		e := n.Decide(q)
		switch {
		case !slices.Equal(m.Providers(), n.Providers()):
			return "other providers are read"
		case d.Allow != e.Allow || d.Reason != e.Reason || d.Policy != e.Policy || d.Route != e.Route || d.RetryAfter != e.RetryAfter:
			return "the decision is another: " + e.Reason.String()
		case !slices.Equal(d.Challenge.ACR, e.Challenge.ACR) || d.Challenge.MaxAge != e.Challenge.MaxAge:
			return "the challenge is another"
		case d.Shadow != nil && e.Shadow != nil && (d.Shadow.Allow != e.Shadow.Allow || d.Shadow.Reason != e.Shadow.Reason):
			return "what shadow rules would do is another"
		}
		return ""
	}
}

func neverAllows(line int) func(*policy.Request, policy.Match, policy.Decision) string {
	return func(_ *policy.Request, _ policy.Match, d policy.Decision) string {
		if d.Allow && d.Rule.Line == line && d.Rule.Source == "a.yaml" {
			return "it allows"
		}
		return ""
	}
}

func neverMatches(line int) func(*policy.Request, policy.Match, policy.Decision) string {
	return never(line, func(e policy.Evaluation) bool { return e.Matched() || !e.Told() }, "it matches, or cannot be told")
}

// never says that something is so of the rule in a line.
func never(line int, is func(policy.Evaluation) bool, what string) func(*policy.Request, policy.Match, policy.Decision) string {
	return func(_ *policy.Request, _ policy.Match, d policy.Decision) string {
		if slices.ContainsFunc(d.Rules, func(e policy.Evaluation) bool { return e.Rule.Position().Line == line && is(e) }) {
			return what
		}
		return ""
	}
}

// neverAlone says that a rule matched and no other of its kind did.
func neverAlone(line int) func(*policy.Request, policy.Match, policy.Decision) string {
	return func(_ *policy.Request, _ policy.Match, d policy.Decision) string {
		mine := slices.IndexFunc(d.Rules, func(e policy.Evaluation) bool { return e.Rule.Position().Line == line && (e.Matched() || !e.Told()) })
		if mine < 0 {
			return ""
		}
		for i, e := range d.Rules {
			if i != mine && e.Rule.Effect() == d.Rules[mine].Rule.Effect() && !e.Rule.Shadow() && (e.Matched() || !d.Rules[mine].Matched() && !e.Told()) {
				return ""
			}
		}
		return "no other rule does what it does"
	}
}

func neverGoesTo(t *testing.T, sources []lint.Source, at syntax.Position) func(*policy.Request, policy.Match, policy.Decision) string {
	t.Helper()
	for _, d := range documentsOf(sources) {
		if d.ServicePolicy == nil {
			continue
		}
		for _, r := range d.ServicePolicy.Routes {
			if r.Position == at {
				return func(_ *policy.Request, _ policy.Match, decision policy.Decision) string {
					if decision.Policy == cmp.Or(d.Namespace, "")+"/"+d.Name && decision.Route == r.Name.Value {
						return "a request goes there"
					}
					return ""
				}
			}
		}
	}
	t.Fatalf("there is no route at %v", at)
	return nil
}

// TestMendingIsFinal holds that what is mended needs no mending, keeps every comment that is not
// above or beside what goes, and that nothing is mended that is not asked for.
func TestMendingIsFinal(t *testing.T) {
	mendedWorlds := 0
	for seed := range min(*tries, 20) {
		sources := []lint.Source{{Name: "a.yaml", Text: []byte("# kept\n" + newDice(seed).documents())}, {Name: "people.yaml", Text: []byte(people)}}
		mended, err := lint.Mend(sources, lint.Options{Now: now})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		text := string(mended.Sources[0].Text)
		if (text != string(sources[0].Text)) != (len(mended.Findings) > 0) {
			t.Fatalf("seed %d: %d findings are mended, and the text is\n%s", seed, len(mended.Findings), text)
		}
		if !strings.HasPrefix(text, "# kept\n") {
			t.Fatalf("seed %d: a comment is lost: %s", seed, text)
		}
		if slices.ContainsFunc(mended.Report.Findings, func(f lint.Finding) bool { return f.Fix != nil }) {
			t.Fatalf("seed %d: there are fixes left: %v", seed, mended.Report.Findings)
		}
		again, err := lint.Mend(mended.Sources, lint.Options{Now: now})
		if err != nil || len(again.Findings) > 0 {
			t.Fatalf("seed %d: mended again: %v %v\n%s", seed, again.Findings, err, text)
		}
		if len(mended.Findings) > 0 {
			mendedWorlds++
		}
	}
	if mendedWorlds < 6 {
		t.Errorf("only %d worlds were mended", mendedWorlds)
	}
}
