package lint

import (
	"fmt"
	"strings"
	"testing"
)

// oneRoute returns a policy with one route of so many allows, which all look at the same callers.
func oneRoute(n int, rule string) []Source {
	var b strings.Builder
	b.WriteString(trialHead + "  routes:\n  - name: r\n    http: {methods: [GET], path: /p}\n    allow:\n")
	for i := range n {
		fmt.Fprintf(&b, "    - "+rule+"\n", i)
	}
	return []Source{{"a.yaml", []byte(b.String())}}
}

// TestTooMuchToCompare is where comparing ends, and says so once.
func TestTooMuchToCompare(t *testing.T) {
	sources := oneRoute(100, "{callers: [spiffe://a.test/c], user: {provider: people, subjects: s%d}}")
	for _, tc := range []struct{ most, want int }{{5_000, 1}, {maxSteps, 0}} {
		r := newRunner(Options{Now: noon})
		r.maxSteps = tc.most
		l := r.run(sources)
		unfinished := 0
		for _, f := range l.report.Findings {
			if f.Code == Unfinished {
				unfinished++
			}
		}
		if unfinished != tc.want || l.world.steps > tc.most {
			t.Errorf("of %d comparisons %d were made: %v", tc.most, l.world.steps, l.report.Findings)
		}
	}
}

// TestFewComparisons counts what rules that name other callers cost: not every rule is compared with
// every other.
func TestFewComparisons(t *testing.T) {
	steps := func(n int) int {
		return newRunner(Options{Now: noon}).run(oneRoute(n, "{callers: [spiffe://a.test/c%d]}")).world.steps
	}
	if few, many := steps(100), steps(1_000); many > 15*few {
		t.Errorf("100 rules take %d comparisons, 1,000 take %d", few, many)
	}
}

// TestFewRealms counts the same for policies, each of a workload of its own.
func TestFewRealms(t *testing.T) {
	steps := func(n int) int {
		var sources []Source
		for i := range n {
			text := strings.NewReplacer("name: orders", fmt.Sprintf("name: p%d", i), "a.test/w", fmt.Sprintf("a.test/w%d", i)).Replace(trialPolicy)
			sources = append(sources, Source{fmt.Sprintf("p%d.yaml", i), []byte(text + "  routes: [{name: r, http: {methods: [GET], path: /}, allow: [{callers: [anyone]}]}]\n")})
		}
		return newRunner(Options{Now: noon}).run(sources).world.steps
	}
	if few, many := steps(30), steps(300); many > 15*few {
		t.Errorf("30 policies take %d comparisons, 300 take %d", few, many)
	}
}
