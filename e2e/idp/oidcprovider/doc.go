// Package oidcprovider fetches and runs an OpenID provider on the npm library oidc-provider: the
// one with which the end-to-end tests begin, since it is ready in a second.
package oidcprovider
