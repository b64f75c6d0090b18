package condition

import (
	"math"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
)

// A plan is a condition that is ready to become a program.
type plan struct {
	*resolver
	checked *ast.AST
	cost    uint64 // at worst, at most MaxCost
	budget  int64  // steps of the meter; 0: there is no meter
	later   bool   // others than the current actor are looked at
}

// prepare parses, resolves, checks, bounds and rewrites a condition.
func prepare(env *cel.Env, text string, params []Param) (*plan, error) {
	f := &faults{text: text}
	if err := f.checkText(params); err != nil {
		return nil, err
	}
	parsed, issues := env.Parse(text)
	if f.issues(issues) {
		return nil, f.err()
	}
	r := newResolver(f, env, parsed.NativeRep(), params)
	r.expr(parsed.NativeRep().Expr())
	if err := f.err(); err != nil {
		return nil, err
	}
	// Before the types are checked, which takes as long as they are.
	r.checkKeys(parsed.NativeRep().Expr())
	if err := f.err(); err != nil {
		return nil, err
	}
	checked, issues := env.Check(parsed)
	if f.issues(issues) {
		return nil, f.err()
	}
	p := &plan{resolver: r, checked: checked.NativeRep()}
	p.checkResult(checked.OutputType())
	p.checkKeyTypes()
	p.later = p.readsLaterActors()
	bodies := p.bound()
	if err := f.err(); err != nil {
		return nil, err
	}
	p.rewrite(bodies)
	if err := f.err(); err != nil {
		return nil, err
	}
	return p, nil
}

// checkResult refuses a condition that is not true or false.
func (p *plan) checkResult(result *types.Type) {
	root := p.checked.Expr()
	at := p.start(p.checked, root)
	switch name := cel.FormatCELType(result); {
	case result.Kind() == types.BoolKind:
	case result.Kind() == types.DynKind:
		p.add(at, "a condition is true or false, and this may be anything: write … == true, or compare it with something else")
	case result.TypeName() == "optional_type":
		p.add(at, "a condition is true or false, and this may have no value: write … .orValue(false) == true")
	default:
		p.add(at, "a condition is true or false, and this is %s: compare it with something", name)
	}
}

// bound works out the cost. A condition that costs too much for requests as they are made is
// refused. One that costs too much only for larger ones gets a meter, for which bound returns
// what an element costs each macro.
func (p *plan) bound() (bodies map[int64]float64) {
	usual, s := p.estimate(asUsual())
	if usual > MaxCost {
		p.add(p.start(p.checked, s.blame), "this costs %s units for a request that is not even large, and a condition may cost %d: go through fewer lists inside one another, or shorter texts",
			units(usual), MaxCost)
		return nil
	}
	worst, _ := p.estimate(atWorst())
	if worst <= MaxCost {
		p.cost = uint64(math.Ceil(worst))
		return nil
	}
	least, s := p.estimate(atLeast())
	p.cost, p.budget = MaxCost, int64((MaxCost-least)*step)
	return s.bodies
}
