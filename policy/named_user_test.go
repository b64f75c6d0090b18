package policy_test

import (
	"testing"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// whole asks of a user whatever can be asked, each thing in a column of its own.
func whole() *syntax.User {
	at := func(column int) syntax.Position { return syntax.Position{Source: "a.yaml", Line: 1, Column: column} }
	match := func(column int) *syntax.Match { return &syntax.Match{Position: at(column)} }
	return &syntax.User{
		Position: at(1), Providers: []syntax.Text{{Value: "a", Position: at(2)}, {Value: "b", Position: at(3)}},
		Subjects: match(4), Clients: match(5), Audiences: match(6), Scopes: match(7), Roles: match(8), ACR: match(9), AMR: match(10),
		MaxAge: &syntax.MaxAge{Position: at(11)}, Bound: &syntax.Bound{Position: at(12), To: identity.BoundMTLS},
	}
}

// TestNamedOf holds that whatever is asked of a user is named once, in the order of the constants,
// at its place, and that nothing of a user is outside of OnUser.
func TestNamedOf(t *testing.T) {
	var all, last policy.Conjuncts
	column := 1
	for bit, at := range policy.NamedOf(whole()) {
		if column++; at.Column != column || bit < last || bit == last && bit != policy.OnProvider {
			t.Errorf("%v stands at %v, behind %v", bit, at, last)
		}
		all, last = all|bit, bit
	}
	if all != policy.OnUser || column != 12 {
		t.Errorf("%b are named, and OnUser is %b; the last is in column %d", all, policy.OnUser, column)
	}
	for bit, at := range policy.NamedOf(&syntax.User{Position: syntax.Position{Source: "a.yaml", Line: 7}}) {
		if bit != policy.OnProvider || at.Line != 7 {
			t.Errorf("a user without a provider names %v at %v", bit, at)
		}
	}
}

// TestNamedOfStops holds that nothing is yielded to who has enough.
func TestNamedOfStops(t *testing.T) {
	for most := range 11 {
		seen := 0
		for range policy.NamedOf(whole()) {
			if seen++; seen > most {
				break
			}
		}
		if seen != most+1 {
			t.Errorf("%d were seen of %d", seen, most+1)
		}
	}
	for range policy.NamedOf(&syntax.User{}) {
		break
	}
}
