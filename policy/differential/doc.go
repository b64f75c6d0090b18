// Package differential holds package policy against a second reading of its documentation.
//
// It is tests alone. They make random policies and requests out of a small vocabulary, have the
// real code decide, and have a naive interpreter answer that was written from docs/policy.md and
// shares no more with package policy than the types that requests are made of: it tries every
// route, every rule and every path, has no index and remembers nothing. Where the two differ one
// of them, or the documentation, is wrong; the difference is made as small as it goes and shown
// as a policy file, a request and two answers.
//
// The same random policies hold the properties that need no second interpreter: that order and
// repetition change nothing, that an allow never denies and a deny never allows, that a rule in
// shadow changes nothing, and that deciding is pure.
//
//	go test ./policy/differential            1,000 policies, 100 requests each
//	make differential N=10000000             as many pairs as named, on every core
//	go test -fuzz FuzzDifferential ./policy/differential
package differential
