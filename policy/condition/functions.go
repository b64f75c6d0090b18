package condition

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"
)

// operands returns what a call is given, the value before the dot first.
func operands(call ast.CallExpr) []ast.Expr {
	if call.IsMemberFunction() {
		return append([]ast.Expr{call.Target()}, call.Args()...)
	}
	return call.Args()
}

// function returns the cost of a call and the bound of what it returns. A function that has no
// place here is without bound, so that it is refused.
func (s *estimator) function(e ast.Expr) (float64, bound) {
	call := e.AsCall()
	cost, args := s.costs(operands(call))
	scalar := bound{deep: 1}
	for len(args) < 3 {
		args = append(args, bound{})
	}
	a, b := args[0], args[1]
	switch call.FunctionName() {
	case "_&&_", "_||_", "!_", "@not_strictly_false", "-_", "_-_", "_*_", "_/_", "_%_", "type", "hasValue",
		"family", "isLoopback", "isGlobalUnicast", "isLinkLocalMulticast", "isLinkLocalUnicast", "isUnspecified",
		"isMask", "prefixLength", "masked":
		return cost + 1, scalar
	case "containsIP", "containsCIDR":
		return cost + 1 + b.bytes*byteCost, scalar
	case "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_":
		return cost + 1 + min(a.deep, b.deep), scalar
	case "@in":
		if s.isLookup(operands(call)) {
			return cost + 1 + a.bytes/bytesPerUnit, scalar
		}
		return cost + 1 + a.bytes/bytesPerUnit + times(b.items, s.searching(operands(call)[1], a, b)), scalar
	case "_+_":
		if isAccumulator(operands(call)[0]) {
			return cost + 2, sum(a, b)
		}
		if s.likely && s.checked.GetType(e.ID()).Kind() != types.ListKind {
			return cost + 1 + (a.bytes+b.bytes)/bytesPerUnit, sum(a, b)
		}
		return cost + 1 + (a.bytes+b.bytes)/bytesPerUnit + a.items + b.items, sum(a, b)
	case "_[_]", "_[?_]", "_?._":
		return cost + 1 + b.bytes/bytesPerUnit, a.element() // the key may be a text
	case "first", "last":
		return cost + 1, a.element()
	case "_?_:_":
		return cost + 1, b.join(args[2])
	case "size", "contains", "startsWith", "endsWith":
		return cost + 1 + (a.bytes+b.bytes)/bytesPerUnit, scalar
	case "matches":
		return cost + 1 + s.matching(call, a), scalar
	case "bool", "double", "duration", "int", "timestamp", "uint", "ip", "cidr", "isIP", "isCIDR", "ip.isCanonical":
		return cost + conversionCost + a.bytes*byteCost, scalar
	case "string", "bytes":
		return cost + conversionCost + a.bytes/bytesPerUnit, textBound(max(a.bytes, 64))
	case "dyn", "value", "or", "orValue", "optional.of", "optional.ofNonZeroValue", "optional.none":
		return cost + 1, a.join(b)
	case "optional.unwrap", "unwrapOpt":
		return cost + 1 + a.items, a
	case "header":
		return cost + readingCost + s.header.deep, s.header
	case "query":
		return cost + queryCost + s.parameters.deep, s.parameters
	}
	if clockField(call.FunctionName()) != nil {
		return cost + 2, scalar
	}
	return unlimited()
}

// searching is the cost of looking at one element of a list. Those of a list of strings are
// compared as they are, those of JSON are made into values first.
func (s *estimator) searching(list ast.Expr, a, b bound) float64 {
	if s.checked.GetType(list.ID()).IsExactType(types.NewListType(types.StringType)) {
		return 0.25 * min(a.deep, b.element().deep)
	}
	return 1 + min(a.deep, b.element().deep)
}

// isLookup says that "in" asks whether a map has a key, which is no search.
func (s *estimator) isLookup(args []ast.Expr) bool {
	key, in := s.checked.GetType(args[0].ID()), s.checked.GetType(args[1].ID())
	return key.Kind() == types.StringKind && in.Kind() == types.MapKind && in.Parameters()[0].Kind() == types.StringKind
}

// isAccumulator says that an expression is the result of a macro so far, to which an element
// is added in place.
func isAccumulator(e ast.Expr) bool {
	return e.Kind() == ast.IdentKind && e.AsIdent() == parser.HiddenAccumulatorName
}

// matching is the cost of a regular expression. The engine of Go takes time that is linear in
// the text times the instructions.
func (s *estimator) matching(call ast.CallExpr, text bound) float64 {
	pattern, _ := textOf(call.Args()[len(call.Args())-1])
	return matchingCost(text.bytes, s.patterns[pattern].instructions)
}

func matchingCost(bytes float64, instructions int) float64 {
	return conversionCost + times(bytes+1, float64(instructions))/patternFactor
}

// sum is the bound of two strings or lists one after the other.
func sum(a, b bound) bound {
	joined := a.join(b)
	joined.bytes, joined.items, joined.deep = a.bytes+b.bytes, a.items+b.items, a.deep+b.deep
	return joined
}
