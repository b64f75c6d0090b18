package condition

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"
)

// A Domain is what a variable of text can be in the requests that are asked about.
type Domain struct {
	Values []string // one of these; none: anything
	Known  bool     // reading it is never an error
}

// Outcomes is what a condition can come to: a false Holds is a proof that it never holds, and so
// for the others. The zero Outcomes is that of no request.
type Outcomes struct{ Holds, Fails, Errs bool }

// anyOutcome is that of an expression of which nothing is known.
var anyOutcome = Outcomes{true, true, true}

// maxTrials bounds how many combinations of values are looked at.
const maxTrials = 4096

// Outcomes returns what the condition can come to for requests in which the variables named have
// these domains; any other can be anything, or an error. It tries what each variable is compared
// with and one value that it is compared with nowhere, for comparing for equality can tell no
// more values apart. Whatever else the condition does can come to anything.
func (c *Condition) Outcomes(domains map[string]Domain) Outcomes {
	p, err := parser.NewParser(parser.Macros(parser.AllMacros...), parser.EnableOptionalSyntax(true))
	if err != nil {
		return anyOutcome
	}
	parsed, issues := p.Parse(common.NewTextSource(c.text))
	if len(issues.GetErrors()) > 0 {
		return anyOutcome
	}
	m := &trials{domains: domains}
	m.collect(parsed.Expr())
	found := m.union(parsed.Expr(), 0, map[string]trial{})
	if c.budget > 0 { // stopped by its meter it is an error, whatever else it is made of
		found.Errs = true
	}
	return found
}

// trials are the values that variables are tried with.
type trials struct {
	domains map[string]Domain
	names   []string
	values  map[string][]string // that each is compared with
	tried   int
}

// A trial is what one variable is: a value, or an error.
type trial struct {
	value string
	errs  bool
}

// collect finds the variables that are compared with literals, and with which.
func (m *trials) collect(root ast.Expr) {
	m.values = map[string][]string{}
	visitLogic(root, func(e ast.Expr) {
		name, literals, ok := comparedWith(e)
		if !ok {
			return
		}
		if _, known := m.values[name]; !known {
			m.names = append(m.names, name)
		}
		m.values[name] = append(m.values[name], literals...)
	})
	slices.Sort(m.names)
}

// visitLogic goes through the parts of an expression whose value is true or false by what they are made
// of.
func visitLogic(e ast.Expr, do func(ast.Expr)) {
	do(e)
	if e.Kind() != ast.CallKind {
		return
	}
	switch call := e.AsCall(); call.FunctionName() {
	case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Conditional:
		for _, arg := range call.Args() {
			visitLogic(arg, do)
		}
	}
}

// union tries every value of the variables from n on, with those before it as they are chosen.
func (m *trials) union(root ast.Expr, n int, chosen map[string]trial) Outcomes {
	if n == len(m.names) {
		if m.tried++; m.tried > maxTrials {
			return anyOutcome
		}
		return outcomesOf(root, chosen)
	}
	var found Outcomes
	for _, one := range m.of(m.names[n]) {
		chosen[m.names[n]] = one
		found = found.or(m.union(root, n+1, chosen))
		if found == anyOutcome {
			break
		}
	}
	return found
}

// of returns what a variable can be, as far as comparing can tell.
func (m *trials) of(name string) []trial {
	d := m.domains[name]
	values := slices.Clone(d.Values)
	if len(values) == 0 {
		values = slices.Concat(m.values[name], []string{otherThan(m.values[name])})
	}
	slices.Sort(values)
	var list []trial
	for _, v := range slices.Compact(values) {
		list = append(list, trial{value: v})
	}
	if !d.Known {
		list = append(list, trial{errs: true})
	}
	return list
}

// otherThan returns a text that is none of these.
func otherThan(values []string) string {
	longest := ""
	for _, v := range values {
		if len(v) > len(longest) {
			longest = v
		}
	}
	return longest + "?"
}

func (o Outcomes) or(p Outcomes) Outcomes {
	return Outcomes{o.Holds || p.Holds, o.Fails || p.Fails, o.Errs || p.Errs}
}

// outcomesOf evaluates what is made of comparisons, and knows nothing of anything else.
func outcomesOf(e ast.Expr, chosen map[string]trial) Outcomes {
	if name, literals, ok := comparedWith(e); ok {
		one := chosen[name]
		holds := slices.Contains(literals, one.value) != (e.AsCall().FunctionName() == operators.NotEquals)
		return Outcomes{!one.errs && holds, !one.errs && !holds, one.errs}
	}
	if e.Kind() == ast.CallKind {
		return outcomesOfCall(e.AsCall(), chosen)
	}
	if e.Kind() == ast.LiteralKind {
		if b, ok := e.AsLiteral().(types.Bool); ok {
			return Outcomes{Holds: bool(b), Fails: !bool(b)}
		}
	}
	return anyOutcome
}

func outcomesOfCall(call ast.CallExpr, chosen map[string]trial) Outcomes {
	args := call.Args()
	switch call.FunctionName() {
	case operators.LogicalNot:
		o := outcomesOf(args[0], chosen)
		return Outcomes{o.Fails, o.Holds, o.Errs}
	case operators.LogicalAnd:
		a, b := outcomesOf(args[0], chosen), outcomesOf(args[1], chosen)
		return Outcomes{a.Holds && b.Holds, a.Fails || b.Fails, a.Errs && (b.Errs || b.Holds) || b.Errs && (a.Errs || a.Holds)}
	case operators.LogicalOr:
		a, b := outcomesOf(args[0], chosen), outcomesOf(args[1], chosen)
		return Outcomes{a.Holds || b.Holds, a.Fails && b.Fails, a.Errs && (b.Errs || b.Fails) || b.Errs && (a.Errs || a.Fails)}
	case operators.Conditional:
		var found Outcomes
		o := outcomesOf(args[0], chosen)
		if o.Holds {
			found = found.or(outcomesOf(args[1], chosen))
		}
		if o.Fails {
			found = found.or(outcomesOf(args[2], chosen))
		}
		found.Errs = found.Errs || o.Errs
		return found
	case operators.Equals, operators.NotEquals:
		return outcomesOfLiterals(args[0], args[1], call.FunctionName() == operators.Equals)
	}
	return anyOutcome
}

// outcomesOfLiterals compares two literals of one type.
func outcomesOfLiterals(a, b ast.Expr, equal bool) Outcomes {
	if a.Kind() != ast.LiteralKind || b.Kind() != ast.LiteralKind || a.AsLiteral().Type() != b.AsLiteral().Type() {
		return anyOutcome
	}
	holds := (a.AsLiteral().Equal(b.AsLiteral()) == types.True) == equal
	return Outcomes{Holds: holds, Fails: !holds}
}

// comparedWith takes variable == "text", "text" == variable, the same with !=, and variable in
// ["text", …]. With !=, what is returned is what it is not to be.
func comparedWith(e ast.Expr) (name string, literals []string, ok bool) {
	if e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 2 {
		return "", nil, false
	}
	args := e.AsCall().Args()
	switch e.AsCall().FunctionName() {
	case operators.Equals, operators.NotEquals:
		if text, isText := literalText(args[0]); isText {
			name, ok = dottedName(args[1])
			return name, []string{text}, ok
		}
		text, isText := literalText(args[1])
		name, ok = dottedName(args[0])
		return name, []string{text}, ok && isText
	case operators.In:
		if args[1].Kind() != ast.ListKind || len(args[1].AsList().OptionalIndices()) > 0 {
			return "", nil, false
		}
		for _, element := range args[1].AsList().Elements() {
			text, isText := literalText(element)
			if !isText {
				return "", nil, false
			}
			literals = append(literals, text)
		}
		name, ok = dottedName(args[0])
		return name, literals, ok
	}
	return "", nil, false
}

func literalText(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

// dottedName returns the name of a variable of text, or of a claim: user.claims.level.
func dottedName(e ast.Expr) (string, bool) {
	var parts []string
	for e.Kind() == ast.SelectKind && !e.AsSelect().IsTestOnly() {
		parts = append(parts, e.AsSelect().FieldName())
		e = e.AsSelect().Operand()
	}
	if e.Kind() != ast.IdentKind || len(parts) == 0 {
		return "", false
	}
	parts = append(parts, e.AsIdent())
	slices.Reverse(parts)
	return strings.Join(parts, "."), true
}
