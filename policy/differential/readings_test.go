package differential_test

// Where the documentation leaves something open, the naive interpreter has to take one reading.
// These are the readings that something else could be said for.
const (
	// A rule with source cannot be told of a request whose peer is unknown. The condition
	// source.ip is an error then, too.
	sourceUnknown = unsure

	// The verdict of the shadow rules is not bad_header for a header that they alone read.
	shadowReadsCommas = false

	// An except for a whole gRPC service takes out a call whose method is empty. No route has
	// such a call.
	exceptOfEmptyMethod = true
)
