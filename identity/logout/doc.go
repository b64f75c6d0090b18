// Package logout receives the logouts of OpenID providers: OpenID Connect Back-Channel Logout 1.0.
//
// A provider that ends a session posts a logout token to every client that took part in it. A
// Receiver verifies such tokens for the clients that it was told, says whose session or which user
// is meant, and answers as section 2.8 has it once that was written down.
//
// A Verifier accepts logout tokens alone (sections 2.4 and 2.6, RFC 8725 section 3.11):
//
//   - read by package jose, signed with one of the provider's algorithms by one of its keys;
//   - the header's typ is logout+jwt, which an ID token, an access token and a security event never
//     have;
//   - iss is the provider's, exactly; aud contains the client;
//   - iat and exp are whole seconds; exp is in the future, iat is not, each but for the provider's skew,
//     and they are at most 10 minutes apart: providers use two minutes, and jti is remembered for as
//     long;
//   - jti is there;
//   - events has the one member that says logout, an object, and nothing else but
//     revoke_offline_access, which Keycloak adds when it ends offline sessions, too;
//   - sub or sid, or both, are there; nonce is not.
//
// Only who a token speaks of is taken from it. A Receiver, which remembers jti, accepts none twice.
package logout
