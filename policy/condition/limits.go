package condition

// The limits of a condition.
const (
	MaxText    = 4 << 10 // bytes of text
	MaxDepth   = 64      // levels of nesting
	MaxSegment = 128     // segments of a path
	MaxPattern = 1000    // instructions of a compiled regular expression
)

// The limits of what a condition may read of a request. More is an error to the condition
// that reads it.
const (
	MaxParameters = 128      // parameters of a query
	MaxQuery      = 8 << 10  // bytes of a query
	MaxValues     = 128      // values of one header
	MaxHeader     = 64 << 10 // bytes of all values of one header
)

// MaxCost is what one evaluation may cost. A unit is about what it takes to look at one
// variable; MaxCost is less than a millisecond of one core of 2024.
const MaxCost = 20_000
