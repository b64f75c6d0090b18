package identity

import (
	"math/big"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// A Caller is the workload on the other end of the mTLS connection: a SPIFFE ID that was
// proven. The zero Caller is no caller. A Caller is immutable and is made by who proved it.
type Caller struct {
	id         string
	domain     string
	thumbprint [32]byte
	serial     Serial
	hasSerial  bool
	asserted   bool
}

// ProvenCaller returns the caller whose certificate was verified to speak for id; thumbprint
// is the SHA-256 of that certificate's DER.
func ProvenCaller(id spiffeid.ID, thumbprint [32]byte) Caller {
	return Caller{id: id.String(), domain: id.TrustDomain().Name(), thumbprint: thumbprint}
}

// AssertedCaller returns a caller that only Envoy's word speaks for.
func AssertedCaller(id spiffeid.ID) Caller {
	return Caller{id: id.String(), domain: id.TrustDomain().Name(), asserted: true}
}

// WithSerial returns the same caller, whose certificate has the serial number n. One that is no
// Serial is left out.
func (c Caller) WithSerial(n *big.Int) Caller {
	c.serial, c.hasSerial = NewSerial(n)
	return c
}

// IsZero says that there is no caller.
func (c Caller) IsZero() bool { return c.id == "" }

// String returns the SPIFFE ID, or "" when there is no caller.
func (c Caller) String() string { return c.id }

// TrustDomain returns the name of the trust domain, without the scheme.
func (c Caller) TrustDomain() string { return c.domain }

// Thumbprint returns the SHA-256 of the caller's certificate (DER), which RFC 8705 calls
// x5t#S256, and false when no certificate was seen.
func (c Caller) Thumbprint() ([32]byte, bool) { return c.thumbprint, c.id != "" && !c.asserted }

// Serial returns the serial number of the caller's own certificate, the leaf, and false when no
// certificate was seen, or its number is no Serial.
func (c Caller) Serial() (Serial, bool) { return c.serial, c.hasSerial }

// Asserted says that only Envoy's word speaks for the caller.
func (c Caller) Asserted() bool { return c.asserted }
