package condition

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
)

// What things cost beside the sizes of values, in units. The figures are measured: see the
// benchmarks of hostile conditions.
const (
	readingCost    = 32  // to find a header among the others
	queryCost      = 64  // to parse the query
	segmentsCost   = 256 // to split the path of the caller, once
	conversionCost = 16  // to parse a number, a time or an address, and to say that it is none
	byteCost       = 0.5 // to parse a byte of those
	lookupCost     = 4   // to go to an entry of a map
	sortCost       = 8   // to bring a key of a map into order, and as often as much of its text
	literalCost    = 6   // to make a list
	iterationCost  = 4   // to go on to the next element
	patternFactor  = 4   // steps of a regular expression for one unit
)

// An estimator works out what a checked condition costs for requests of one profile. It goes
// through the condition as evaluation does, and has a bound for each value instead of the
// value.
type estimator struct {
	profile
	*plan
	locals map[string]bound
	bodies map[int64]float64 // of each macro, the cost of one element
	blame  ast.Expr          // the first expression that costs more than the limit
}

// estimate returns what the condition costs for requests of one profile.
func (p *plan) estimate(of profile) (float64, *estimator) {
	s := &estimator{profile: of, plan: p, locals: map[string]bound{}, bodies: map[int64]float64{}}
	cost, _ := s.cost(p.checked.Expr())
	if p.variables["caller.segments"] {
		cost += segmentsCost
	}
	return cost, s
}

// cost returns the cost of an expression and the bound of its value.
func (s *estimator) cost(e ast.Expr) (cost float64, b bound) {
	defer func() {
		if cost > MaxCost && s.blame == nil {
			s.blame = e
		}
	}()
	switch e.Kind() {
	case ast.LiteralKind:
		if text, ok := e.AsLiteral().Value().(string); ok {
			return 0, textBound(float64(len(text)))
		}
		if data, ok := e.AsLiteral().(types.Bytes); ok {
			return 0, textBound(float64(len(data)))
		}
		return 0, bound{deep: 1}
	case ast.IdentKind:
		if local, ok := s.locals[e.AsIdent()]; ok {
			return 1, local
		}
		return 1, s.profile.variable(e.AsIdent())
	case ast.SelectKind:
		cost, b := s.cost(e.AsSelect().Operand())
		return cost + 1 + float64(len(e.AsSelect().FieldName()))/bytesPerUnit, b.element()
	case ast.CallKind:
		return s.function(e)
	case ast.ListKind:
		return s.listLiteral(e.AsList())
	case ast.MapKind:
		return s.mapLiteral(e.AsMap())
	case ast.ComprehensionKind:
		return s.loop(e)
	default:
		return unlimited()
	}
}

// costs adds up those of several expressions.
func (s *estimator) costs(list []ast.Expr) (cost float64, bounds []bound) {
	for _, e := range list {
		c, b := s.cost(e)
		cost, bounds = cost+c, append(bounds, b)
	}
	return cost, bounds
}

func (s *estimator) listLiteral(l ast.ListExpr) (float64, bound) {
	cost, bounds := s.costs(l.Elements())
	elem := bound{}
	for _, b := range bounds {
		elem = elem.join(b)
	}
	return cost + literalCost, listBound(float64(l.Size()), elem)
}

func (s *estimator) mapLiteral(m ast.MapExpr) (float64, bound) {
	cost, elem, keys := 2.0*literalCost, bound{}, 0.0
	for _, entry := range m.Entries() {
		c, bounds := s.costs([]ast.Expr{entry.AsMapEntry().Key(), entry.AsMapEntry().Value()})
		cost += c + 2*lookupCost + bounds[0].bytes/bytesPerUnit
		keys = max(keys, bounds[0].bytes)
		// One bound is for keys and values: a macro goes through the keys.
		elem = elem.join(bounds[0]).join(bounds[1])
	}
	b := listBound(float64(m.Size()), elem)
	b.deep *= lookupCost
	b.keys = keys
	return cost, b
}

// loop is a macro. Those of CEL either go through a range and keep true, false, a count or a
// list that gets at most one element each time, or, with an empty range, name a value.
func (s *estimator) loop(e ast.Expr) (float64, bound) {
	c := e.AsComprehension()
	rangeCost, elements := s.cost(c.IterRange())
	initialCost, initial := s.cost(c.AccuInit())
	cost := rangeCost + initialCost + iterationCost
	if isBinding(c) {
		defer s.bind(c.AccuVar(), initial)()
		resultCost, result := s.cost(c.Result())
		return cost + resultCost, result
	}
	if initial.items > 0 || initial.bytes > 0 {
		return unlimited()
	}
	defer s.bind(c.AccuVar(), listBound(elements.items, bound{}))()
	unbind := s.bind(c.IterVar(), elements.element())
	conditionCost, _ := s.cost(c.LoopCondition())
	stepCost, step := s.cost(c.LoopStep())
	unbind()
	s.bodies[e.ID()] = conditionCost + stepCost + iterationCost
	if s.loops {
		cost += times(elements.items, s.bodies[e.ID()])
		if s.checked.GetType(c.IterRange().ID()).Kind() != types.ListKind {
			cost += times(elements.items, sortCost*(1+elements.keys/bytesPerUnit))
		}
	}
	result := bound{deep: 1}
	if c.AccuInit().Kind() == ast.ListKind {
		result = listBound(elements.items, step.element())
	}
	s.locals[c.AccuVar()] = result
	resultCost, result := s.cost(c.Result())
	return cost + resultCost, result
}

// bind makes a name a value until the function that it returns is called.
func (s *estimator) bind(name string, b bound) (unbind func()) {
	outer, had := s.locals[name]
	s.locals[name] = b
	return func() {
		delete(s.locals, name)
		if had {
			s.locals[name] = outer
		}
	}
}

// isBinding says that a macro only names a value, as optMap() does.
func isBinding(c ast.ComprehensionExpr) bool {
	return c.IterRange().Kind() == ast.ListKind && c.IterRange().AsList().Size() == 0 &&
		c.LoopCondition().Kind() == ast.LiteralKind && c.LoopCondition().AsLiteral() == types.False
}
