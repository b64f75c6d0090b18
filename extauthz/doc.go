// Package extauthz is Envoy's external authorizer: the gRPC service
// envoy.service.auth.v3.Authorization. It is the only package that knows that protocol.
//
// A check goes one way: decode, canonicalise, caller, user, policy, answer, record. [Server.Check]
// never returns a gRPC error, since Envoy's failure_mode_allow would turn one into an allow;
// whatever goes wrong is a refusal with a reason. Two things make sure of it: [Codec] hands a
// message that does not parse to the handler as an empty one, and every answer is built in
// answer.go, where a refusal sets its status code first.
package extauthz
