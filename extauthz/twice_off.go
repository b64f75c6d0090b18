//go:build !e2e_twice

package extauthz

// decodesTwice says that every check is decoded both ways.
const decodesTwice = false
