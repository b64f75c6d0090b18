package svid

import "time"

// Unescape and the parser of x-forwarded-client-cert are not for callers, but they are parsers,
// so they are fuzzed by themselves.
var Unescape = unescape

// ParseForwarded returns the hash, the certificate and the chain of parseForwarded.
func ParseForwarded(s string) (hash, cert, chain string, err error) {
	f, err := parseForwarded(s)
	return f.hash, f.cert, f.chain, err
}

// VerifyAnew is Verify that remembers nothing.
func (b *Bundles) VerifyAnew(p Presented, at time.Time) error {
	_, err := b.prove(p, at)
	return err
}
