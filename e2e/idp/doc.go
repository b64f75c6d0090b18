// Package idp is what tests of real identity providers share: a certificate authority for their
// servers, a client that gets tokens from them by the flows of OAuth 2.0 and OpenID Connect, and
// a folder for what was fetched.
//
// The providers themselves are in the folders oidcprovider and keycloak. "make e2e-idp" fetches
// both into the user's cache folder, by pinned hashes, and runs the tests (build tag e2e_idp).
package idp
