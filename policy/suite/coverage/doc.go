// Package coverage says what the tests of a suite leave unexercised.
//
// A rule is a conjunction, and n + 1 tests show that a conjunction of n conjuncts does what it
// says: one in which all of them hold, so that the rule matches, and for each of them one in which
// it alone fails. A test in which two fail at once shows nothing of either: the rule would do the
// same without the one or the other. These n + 1 outcomes are what is counted, over every rule of
// every ServicePolicy and every guardrail of every MeshPolicy, shadow rules included; the
// percentage is how many of them some test has seen. What is special:
//
//   - callers: [anyone] cannot fail, and is not counted;
//   - the provider of a user has failed when only conjuncts of the user failed with it, since
//     nobody has none of them;
//   - a conjunct that could not be told (a condition that erred) has neither held nor failed.
//
// Routes that no test reaches are named and not counted: their rules are.
package coverage
