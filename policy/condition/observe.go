package condition

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// maxObserved bounds a value that is shown, in bytes.
const maxObserved = 200

// observe compiles the text again, with a memory of what each part came to.
func (c *Condition) observe(in *Input) []Observation {
	env, err := environment(c.params)
	if err != nil {
		return nil
	}
	env, err = env.Extend(cel.EnableMacroCallTracking())
	if err != nil {
		return nil
	}
	checked, _, err := check(env, c.text, c.params)
	if err != nil {
		return nil
	}
	parts := c.parts(checked)
	makeStrict(checked.NativeRep())
	program, err := env.Program(checked, cel.EvalOptions(cel.OptTrackState))
	if err != nil {
		return nil
	}
	_, details, _ := program.Eval(&activation{in, c.params})
	if details == nil {
		return nil
	}
	var seen []Observation
	for _, p := range parts {
		v, ok := details.State().Value(p.id)
		if !ok {
			continue
		}
		o := p.Observation
		if types.IsUnknownOrError(v) {
			o.Err = shorten(fmt.Sprint(v))
		} else {
			o.Value = show(v)
		}
		seen = append(seen, o)
	}
	return seen
}

// A part is one part of an expression that is worth showing.
type part struct {
	id int64
	Observation
}

// parts finds them, in the order of the text. Within a loop there are none: what they came to
// depends on the turn.
func (c *Condition) parts(checked *cel.Ast) []part {
	native := checked.NativeRep()
	info := native.SourceInfo()
	var all []part
	var visit func(e ast.Expr)
	visit = func(e ast.Expr) {
		if worth(native, e) {
			at, _ := info.GetOffsetRange(e.ID())
			text, err := cel.ExprToString(e, info)
			if err != nil {
				text = c.text
			}
			line, column := position(c.text, beginning(c.text, at.Start))
			all = append(all, part{e.ID(), Observation{Expression: text, Line: line, Column: column}})
		}
		switch e.Kind() {
		case ast.CallKind:
			call := e.AsCall()
			if call.IsMemberFunction() {
				visit(call.Target())
			}
			for _, arg := range call.Args() {
				visit(arg)
			}
		case ast.SelectKind:
			if native.ReferenceMap()[e.ID()] == nil {
				visit(e.AsSelect().Operand())
			}
		case ast.ListKind:
			for _, element := range e.AsList().Elements() {
				visit(element)
			}
		case ast.ComprehensionKind:
			visit(e.AsComprehension().IterRange())
		default: // of what else there is, no part is worth showing
		}
	}
	visit(native.Expr())
	slices.SortStableFunc(all, func(a, b part) int {
		return slices.Compare([]int{a.Line, a.Column}, []int{b.Line, b.Column})
	})
	return all
}

// worth says that a part tells something: a variable, a claim, a header, a comparison.
func worth(native *ast.AST, e ast.Expr) bool {
	switch e.Kind() {
	case ast.IdentKind, ast.SelectKind:
		ref := native.ReferenceMap()[e.ID()]
		return e.Kind() == ast.SelectKind || ref != nil && strings.Contains(ref.Name, ".")
	case ast.CallKind:
		name := e.AsCall().FunctionName()
		return strictFor[name] != "" || !strings.HasPrefix(name, "_") && !strings.HasPrefix(name, "!")
	case ast.ComprehensionKind:
		return true
	default:
		return false
	}
}

// show writes a value as CEL does, bounded.
func show(v ref.Val) string {
	text := fmt.Sprint(v.Value())
	switch v := v.(type) {
	case types.String:
		text = fmt.Sprintf("%q", string(v))
	default:
		if formatted := types.Format(v); formatted != "" {
			text = formatted
		}
	}
	if len(text) > maxObserved {
		return strings.ToValidUTF8(text[:maxObserved-len("…")], "") + "…"
	}
	return text
}
