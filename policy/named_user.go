package policy

import (
	"iter"

	"github.com/postern/postern/policy/syntax"
)

// NamedOf yields the conjuncts that a rule's user names, in the order of the constants, each
// with the place where it stands, and again for each further place. It is the one table of what a
// rule can ask of a user: the compiler, coverage and the drafts of tests go by it.
func NamedOf(u *syntax.User) iter.Seq2[Conjuncts, Position] {
	return func(yield func(Conjuncts, Position) bool) {
		for _, p := range u.Providers {
			if !yield(OnProvider, p.Position) {
				return
			}
		}
		if len(u.Providers) == 0 && !yield(OnProvider, u.Position) {
			return
		}
		for _, m := range []struct {
			bit   Conjuncts
			match *syntax.Match
		}{
			{OnSubjects, u.Subjects},
			{OnClients, u.Clients},
			{OnAudiences, u.Audiences},
			{OnScopes, u.Scopes},
			{OnRoles, u.Roles},
			{OnACR, u.ACR},
			{OnAMR, u.AMR},
		} {
			if m.match != nil && !yield(m.bit, m.match.Position) {
				return
			}
		}
		if u.MaxAge != nil && !yield(OnMaxAge, u.MaxAge.Position) {
			return
		}
		if u.Bound != nil {
			yield(OnBound, u.Bound.Position)
		}
	}
}
