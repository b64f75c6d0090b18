// Package revocation says who is cut off now.
//
// A List is what some Revocation documents say, made ready to be asked on every request: for a
// caller that was proven, and for a user that was. It is asked about what was verified, after
// that was verified, whether that took a signature or a cache; so no cache keeps alive what a
// List cuts off. Each entry ends at its own time, which is compared with the time of the request:
// nothing has to happen when it ends.
//
// What an entry reaches:
//
//   - callers: SPIFFE IDs that match a pattern, proven or only asserted by Envoy, and those of
//     users that a JWT-SVID has proven;
//   - serials: a caller's own certificate, the leaf, by the trust domain of its proven SPIFFE ID.
//     Certificates above it are not looked at, and an asserted caller has none;
//   - everything else: tokens that one of the providers named has verified.
//     A subject reaches those in which it is the user, and those in which it acts for another, at
//     any place of the chain.
//
// What cannot be known is cut off: a user without a time of issue was issued before any time.
package revocation
