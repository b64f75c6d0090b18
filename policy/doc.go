// Package policy decides: given who calls, for whom, and what is asked, may it happen?
//
// Documents are parsed by sub-package syntax and compiled here, once, into a Set for one
// workload. A Set is immutable and shared by all requests. [Set.Match] chooses the one route
// that a request goes to and says which providers its rules read; [Match.Decide] weighs the
// rules. Both are pure and total: they never wait, never fail, and never allow without a rule
// that says so. The zero value of everything here denies.
//
// A request comes in as values that were parsed once and strictly: a Path, a Host, Headers.
// What two parsers could read in two ways has no such value, so it cannot be decided on.
//
// The package knows nothing of Envoy, of gRPC or of net/http.
package policy
