// Package oidc is a small OpenID Connect provider for named test users: discovery, a key set
// that rotates, and a token endpoint with the client_credentials and password grants. Access
// tokens are as RFC 9068 has them.
//
// There is no login page and no session. GET /dev/token hands out any token that a curl line
// may need, the expired one among them.
package oidc
