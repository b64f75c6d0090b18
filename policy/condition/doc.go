// Package condition compiles and evaluates the conditions of policies: expressions of CEL over a
// typed environment, which [Variables] lists.
//
// It differs from plain CEL where a policy must. A comparison whose operands are of types that
// only the request shows is an error when the types differ, not false: a claim is what the issuer
// sent, and a rule must not be decided by its being a text instead of a number. What is missing (a
// caller, a user, a claim) is an error to read. What is larger than a request has reason to bring
// is an error to look at, so that what a condition costs at most is known when it is loaded, and
// one that could cost too much is refused then. The package decides nothing about errors: that an
// error never helps the request is for package policy to see to.
package condition
