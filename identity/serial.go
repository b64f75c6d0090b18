package identity

import "math/big"

// serialSize is how many bytes a serial number has at most (RFC 5280 section 4.1.2.2).
const serialSize = 20

// A Serial is the serial number of a certificate: its bytes, the highest first, behind as many
// zeros as it takes. It tells certificates apart only within what one CA issues.
type Serial [serialSize]byte

// NewSerial returns n as a Serial. It is false when n is none by RFC 5280: negative, or too long.
func NewSerial(n *big.Int) (s Serial, ok bool) {
	if n == nil || n.Sign() < 0 || n.BitLen() > 8*serialSize {
		return Serial{}, false
	}
	n.FillBytes(s[:])
	return s, true
}
