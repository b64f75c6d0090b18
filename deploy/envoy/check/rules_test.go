package check_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/deploy/envoy/check"
	. "github.com/postern/postern/deploy/envoy/envoytest"
)

// A change is an edit of the hardened bootstrap, for Apply, and the one rule that it breaks; ""
// breaks none.
type change struct {
	rule  string
	edits []string
}

func one(rule, at, value string) change { return change{rule, []string{at, value}} }

func several(rule string, edits ...string) change { return change{rule, edits} }

// changes breaks every rule, most of them in every way there is.
func changes() []change {
	return slices.Concat(tlsChanges(), httpChanges(), authzChanges(), filterChanges(), routeChanges(), secretChanges(), processChanges())
}

func TestEachChangeIsFoundAndNothingElse(t *testing.T) {
	for _, c := range changes() {
		t.Run(c.rule+" "+strings.Join(c.edits, "="), func(t *testing.T) {
			var want []string
			if c.rule != "" {
				want = []string{c.rule}
			}
			if got := names(t, Apply(t, hardened(t), c.edits...), check.Options{}); !slices.Equal(got, want) {
				t.Errorf("found %v, want %v", got, want)
			}
		})
	}
}

func TestEveryRuleHasAChange(t *testing.T) {
	for _, rule := range check.Rules() {
		if !slices.ContainsFunc(changes(), func(c change) bool { return c.rule == rule.Name }) {
			t.Errorf("%s: no change breaks it", rule.Name)
		}
	}
}
