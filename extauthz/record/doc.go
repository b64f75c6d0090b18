// Package record keeps the record of every decision: one line of JSON each, in the order in
// which they were offered.
//
// A record never costs a request its time: [Writer.Record] encodes it into bounded memory, in about a
// microsecond, and one goroutine writes what is there. When there is no room the record is
// dropped, and counted. Where a decision without a record must not allow, [Writer.Require]
// waits until the line is written.
//
// These members are in every line:
//
//	time           when the check began, RFC 3339 in UTC with nanoseconds
//	request_id     the same as in the answer
//	decision       "allow" or "deny"
//	reason         a code of the closed set in identity/reason
//	policy_digest  of the policy that decided; "" when there was none
//	method, host   as the request was decided on; "" when it could not be read
//	latency_us     from the start of the check to the decision, in whole microseconds
//
// and these where there is something to say:
//
//	rule, rule_name           position and name of the rule that decided
//	policy, route             namespace/name of the policy, and the name of its route
//	caller, caller_asserted   the SPIFFE ID; true when only Envoy's word speaks for it
//	user, provider, client    subject, IdentityProvider and client of the verified user
//	bound                     to what that user's credential is bound: "mtls"
//	actors                    who acts for that user, the current one first: their subjects, at
//	                          most four
//	detail                    what was wrong, for the operator
//	rules                     what came of each rule: its position as "rule", its "name", its
//	                          "effect" (allow or deny), and "conjuncts" with a member for each
//	                          part that it names: true, false, or "error" when it could not be told
//
// A record never holds a credential, a claim other than subject, client and actors, a path, a query
// string or the value of a header. What clients choose is cut to a documented length, with an
// ellipsis at the end; what is not UTF-8 is replaced; and what a terminal or a line-splitter
// could take for more than text is escaped. A line is always one line of valid JSON.
package record
