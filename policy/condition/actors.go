package condition

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"

	"github.com/postern/postern/identity"
)

// actorsVariable is the variable that has who acts for the user.
const actorsVariable = "user.actors"

// Whoever verifies credentials takes no more, and what a condition costs must not depend on that.
var errManyActors = fmt.Errorf("the user has more than %d actors, or one with a text of more than %d bytes", identity.MaxActors, identity.MaxText)

// actorFields returns the members of an actor.
func actorFields() []string { return []string{"subject", "issuer", "client"} }

// checkActors says whether a user has more than conditions read.
func checkActors(all []identity.Actor) error {
	if len(all) > identity.MaxActors {
		return errManyActors
	}
	for i := range all {
		if a := &all[i]; max(len(a.Subject), len(a.Issuer), len(a.Client)) > identity.MaxText {
			return errManyActors
		}
	}
	return nil
}

// actorsBound is the bound of so many actors, with texts of so many bytes.
func actorsBound(items, each float64) bound {
	actor := listBound(float64(len(actorFields())), textBound(each))
	actor.deep *= lookupCost
	actor.keys = float64(len("subject"))
	return listBound(items, actor)
}

// readsLaterActors says that a checked condition looks at others than the current actor.
func (p *plan) readsLaterActors() (later bool) {
	current := map[int64]bool{} // mentions of the list that ask for no more
	ast.PreOrderVisit(p.checked.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if list, ok := asksFirst(e); ok {
			current[list.ID()] = true
		}
		later = later || p.names[e.ID()] == actorsVariable && !current[e.ID()]
	}))
	return later
}

// asksFirst takes list[0], list[?0], size(list), list.size(), list == [] and list != [], and returns
// the list.
func asksFirst(e ast.Expr) (list ast.Expr, ok bool) {
	if e.Kind() != ast.CallKind {
		return nil, false
	}
	call := e.AsCall()
	args := call.Args()
	if call.IsMemberFunction() {
		args = append([]ast.Expr{call.Target()}, args...)
	}
	switch call.FunctionName() {
	case overloads.Size:
		return args[0], true
	case operators.Index, operators.OptIndex:
		return args[0], args[1].Kind() == ast.LiteralKind && args[1].AsLiteral() == types.IntZero
	case operators.Equals, operators.NotEquals:
		if isEmptyList(args[0]) {
			return args[1], true
		}
		return args[0], isEmptyList(args[1])
	}
	return nil, false
}

func isEmptyList(e ast.Expr) bool { return e.Kind() == ast.ListKind && e.AsList().Size() == 0 }

// actorField refuses a member that no actor has, as in user.actors[0].sub.
func (r *resolver) actorField(e, of ast.Expr, field string) {
	if of.Kind() != ast.CallKind || of.AsCall().FunctionName() != operators.Index || r.names[of.AsCall().Args()[0].ID()] != actorsVariable {
		return
	}
	known := actorFields()
	near := nearest(field, known)
	switch {
	case slices.Contains(known, field):
	case field == "sub":
		r.fail(e, "an actor has no sub: did you mean subject?")
	case near != "":
		r.fail(e, "an actor has no %s: did you mean %s?", shorten(field), near)
	default:
		r.fail(e, "an actor has no %s: there are %s", shorten(field), enumerate(known))
	}
}
