package condition

import (
	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// The sizes of what a request brings, by which costs are estimated. Nothing holds a request to
// them: a condition with a loop is stopped when it really costs more than MaxCost, and one without
// looks at each value a few times at most.
const (
	typicalText = 256 // bytes
	typicalList = 64  // entries
)

// An estimator knows how large values are and what our functions cost.
type estimator struct{}

// EstimateSize implements checker.CostEstimator.
func (estimator) EstimateSize(node checker.AstNode) *checker.SizeEstimate {
	switch node.Type().Kind() {
	case types.ListKind, types.MapKind:
		return &checker.SizeEstimate{Max: typicalList}
	case types.StringKind, types.BytesKind, types.DynKind:
		return &checker.SizeEstimate{Max: typicalText}
	}
	return nil
}

// EstimateCallCost implements checker.CostEstimator.
func (estimator) EstimateCallCost(function, _ string, _ *checker.AstNode, _ []checker.AstNode) *checker.CallEstimate {
	switch function {
	case headerFunction, queryFunction:
		size := checker.SizeEstimate{Max: typicalList}
		return &checker.CallEstimate{CostEstimate: checker.CostEstimate{Min: lookupCost, Max: lookupCost}, ResultSize: &size}
	}
	return nil
}

// lookupCost is what it costs to look through the headers or the query.
const lookupCost = 20

// CallCost implements interpreter.ActualCostEstimator.
func (estimator) CallCost(function, _ string, args []ref.Val, _ ref.Val) *uint64 {
	var cost uint64
	switch function {
	case headerFunction:
		cost = lookupCost
	case queryFunction:
		cost = lookupCost
		if in, ok := args[0].(inputVal); ok {
			cost += uint64(len(in.Query)) / 10
		}
	default:
		if _, ours := comparisons[function]; !ours {
			return nil
		}
		cost = 1 + min(weigh(args[0], MaxCost), weigh(args[1], MaxCost))
		if function == strictIn {
			cost = 1 + weigh(args[1], MaxCost)
		}
	}
	return &cost
}

// weigh is what it costs to look at the whole of a value, at most limit.
func weigh(v ref.Val, limit uint64) uint64 {
	switch v := v.(type) {
	case types.String:
		return uint64(len(v)) / 10
	case types.Bytes:
		return uint64(len(v)) / 10
	}
	sizer, ok := v.(traits.Sizer)
	if !ok {
		return 0
	}
	n, _ := sizer.Size().(types.Int)
	return min(uint64(max(n, 0))*entryCost, limit)
}

// entryCost is what it costs to look at an entry of a list or map.
const entryCost = 3

// loops says whether the expression has a loop.
func loops(expr ast.Expr) bool {
	found := false
	ast.PostOrderVisit(expr, ast.NewExprVisitor(func(e ast.Expr) {
		found = found || e.Kind() == ast.ComprehensionKind
	}))
	return found
}
