// Package mint is the other side of verification: it makes the certificates and the tokens
// that Postern verifies, for tests and for the laptop (postern-dev). No binary that protects
// anything links it.
//
// Everything it makes is valid, except where it was told otherwise. A test says what is wrong
// and nothing else:
//
//	ca, err := mint.NewCA("shop.test")
//	web, err := ca.SVID("spiffe://shop.test/ns/shop/sa/web")
//	bad, err := ca.SVID("spiffe://shop.test/ns/shop/sa/web", mint.With(func(c *x509.Certificate) {
//		c.KeyUsage |= x509.KeyUsageCertSign
//	}))
//
// Tokens are signed by the standard library alone and never by the library that verifies them,
// so that a test has a second opinion. Sign and SignRaw sign whatever they are given, a header
// that lies included.
//
// Package minttest wraps the package for tests: the same, but failing the test on an error.
package mint
