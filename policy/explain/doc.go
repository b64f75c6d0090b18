// Package explain says step by step how a decision came about.
//
// A [Question] is a request as a person has it: in words of their own, as a curl command, or both.
// An [Explainer], made of the documents that protect one workload, answers it with an
// [Explanation]: the route that was chosen and those that lost, every guardrail, every rule with
// which of its parts held, what each wanted and what the request had, the values that a condition
// saw, and the smallest changes with which the decision would be the other. The request goes the
// way of the tests of package suite, which is that of the sidecar, and what is told comes from
// [policy.Set.Trace], which decides: nothing here gives a verdict of its own.
//
// A change of the request is said to be tried when the changed request was decided, too, and the
// decision was the other. What cannot be changed mechanically, a condition for most, is named
// without that.
//
// A [Recorded] explanation is made of one decision record. Paths, headers and claims are not
// recorded; so the explanation shows what is: the outcome of each part, beside the rule as it is
// now, and what a caller and a subject come to now.
//
// # Trust
//
// A token in a request is decoded and taken at its word, to say whom it names: its signature is
// not verified, and the explanation says so. No part of a token, a cookie or an authorization header
// gets into an explanation, but for the claims. What comes from a request is cut to a bounded length and
// escaped where a terminal could take it for more than text.
package explain
