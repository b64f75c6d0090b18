package lint

import (
	"slices"

	"github.com/postern/postern/policy/syntax"
)

// checkNever finds rules that ask for roles of users who never have any.
func (w *world) checkNever() {
	for _, r := range w.rules() {
		if r.user == nil || r.user.several[2] == nil || slices.ContainsFunc(r.user.providers, w.hasRoles) {
			continue
		}
		w.never(r, r.from.User.Roles.Position, "users of %s have no roles, since claims.roles there does not say which claim they are in", list(r.user.providers))
	}
}

// hasRoles says that users of a provider may have roles.
func (w *world) hasRoles(name string) bool {
	p := w.providers[name]
	return p == nil || p.from.Claims.Roles != nil
}

// never adds that a rule matches nothing, and why.
func (w *world) never(r *rule, at syntax.Position, why string, args ...any) {
	code, consequence := AllowNeverMatches, "this allows nothing"
	switch r.effect {
	case deny:
		code, consequence = DenyNeverMatches, "this denies nothing"
	case require:
		code, consequence = RequireNeverHolds, "nothing is allowed where this guardrail holds"
	case allow:
	}
	w.add(code, r, why+": "+consequence, args...).at(at)
}
