package condition

import (
	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common/types"
)

// What a condition costs is known when it is loaded: the estimate of CEL's type checker is held to
// MaxCost, and what a request brings is held to sizes not far above those that the estimate is made
// with. A value that is larger cannot be told, which helps nobody. So nothing is counted while a
// condition is evaluated.
const (
	maxValue   = 4 << 10 // bytes of a text that is looked at
	maxEntries = 256     // entries of a list or map that is looked through

	typicalText = 256 // bytes, for the estimate; the others are estimated with their bounds
)

// An estimator knows how large values are and what our functions cost, in units of about 10 ns.
type estimator struct{}

// EstimateSize implements checker.CostEstimator.
func (estimator) EstimateSize(node checker.AstNode) *checker.SizeEstimate {
	switch node.Type().Kind() {
	case types.ListKind, types.MapKind:
		return &checker.SizeEstimate{Max: maxEntries}
	default:
		return &checker.SizeEstimate{Max: typicalText}
	}
}

// What it costs to look through the headers or the query, and at a byte for each instruction of a
// pattern.
const (
	lookupCost = 30
	regexCost  = 1.5
)

// EstimateCallCost implements checker.CostEstimator.
func (estimator) EstimateCallCost(function, _ string, _ *checker.AstNode, args []checker.AstNode) *checker.CallEstimate {
	switch function {
	case headerFunction, queryFunction:
		size := checker.SizeEstimate{Max: maxEntries}
		return &checker.CallEstimate{CostEstimate: checker.FixedCostEstimate(lookupCost), ResultSize: &size}
	case matchesFunction:
		pattern, _ := literal(args[len(args)-1].Expr())
		return &checker.CallEstimate{CostEstimate: checker.FixedCostEstimate(uint64(regexCost * typicalText * float64(instructions(pattern))))}
	}
	return nil
}
