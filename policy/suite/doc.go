// Package suite runs the tests of policies, the documents of kind PolicyTest.
//
// A test is a request to one workload and what must come of it. It goes the way that a request
// goes in the sidecar: what is not canonical is refused, the caller and the credential are looked
// for in the Revocation documents, the credential is seen only where the route reads it, and
// package policy decides. What a test has instead of certificates and tokens is the outcome of
// verifying them: a caller that was proven, and a user who was, or the reason for which a
// credential is bad.
//
// Nothing here reads files or the clock: the same documents and time give the same results.
// Sub-package report prints them, coverage says what they leave unexercised, and draft writes
// first tests from a policy.
package suite
