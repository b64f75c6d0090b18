package identity_test

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"testing"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
)

// The zero values are nobody, and no credential.
func TestZeroValuesAreNobody(t *testing.T) {
	var c identity.Caller
	if _, seen := c.Thumbprint(); !c.IsZero() || c.String() != "" || c.TrustDomain() != "" || c.Asserted() || seen {
		t.Errorf("the zero caller is %+v", c)
	}
	if !(*identity.User)(nil).IsZero() || !(&identity.User{Subject: "alice"}).IsZero() {
		t.Error("a user whom no provider proved is somebody")
	}
	if (&identity.User{Provider: "idp"}).IsZero() {
		t.Error("a user whom a provider proved is nobody")
	}
	if k := (identity.Credential{}); !k.User.IsZero() || k.Reason == reason.Allowed {
		t.Errorf("the zero credential is %+v", k)
	}
}

// Only a certificate that was seen has a thumbprint, which tokens are bound to (RFC 8705).
func TestThumbprint(t *testing.T) {
	id := spiffeid.RequireFromString("spiffe://shop.test/ns/shop/sa/web")
	if print, seen := identity.ProvenCaller(id, [32]byte{1}).Thumbprint(); !seen || print != [32]byte{1} {
		t.Errorf("a proven caller has the thumbprint %x, %v", print, seen)
	}
	if _, seen := identity.AssertedCaller(id).Thumbprint(); seen {
		t.Error("a caller that only Envoy's word speaks for has a thumbprint")
	}
}

// Only a certificate that was seen has a serial number, and a number that no certificate may have
// is none.
func TestSerial(t *testing.T) {
	id := spiffeid.RequireFromString("spiffe://shop.test/ns/shop/sa/web")
	longest := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 160), big.NewInt(1))
	for _, tc := range []struct {
		name   string
		number *big.Int
		want   string
		ok     bool
	}{
		{"short", big.NewInt(0x0a1b), "0000000000000000000000000000000000000a1b", true},
		{"zero", big.NewInt(0), "0000000000000000000000000000000000000000", true},
		{"longest", longest, "ffffffffffffffffffffffffffffffffffffffff", true},
		{"too long", new(big.Int).Add(longest, big.NewInt(1)), "", false},
		{"negative", big.NewInt(-1), "", false},
		{"none", nil, "", false},
	} {
		c := identity.ProvenCaller(id, [32]byte{1}).WithSerial(tc.number)
		got, ok := c.Serial()
		if ok != tc.ok || ok && hex.EncodeToString(got[:]) != tc.want || !ok && got != (identity.Serial{}) {
			t.Errorf("%s: %x, %v", tc.name, got, ok)
		}
		if c.String() != id.String() {
			t.Errorf("%s: the caller became %q", tc.name, c)
		}
	}
	for name, c := range map[string]identity.Caller{"nobody": {}, "asserted": identity.AssertedCaller(id), "without": identity.ProvenCaller(id, [32]byte{1})} {
		if _, ok := c.Serial(); ok {
			t.Errorf("%s has a serial number", name)
		}
	}
}

func ExampleProvenCaller() {
	id := spiffeid.RequireFromString("spiffe://shop.test/ns/shop/sa/web")
	c := identity.ProvenCaller(id, [32]byte{})
	fmt.Println(c, c.TrustDomain(), c.Asserted())
	// Output: spiffe://shop.test/ns/shop/sa/web shop.test false
}

func TestMapsSubject(t *testing.T) {
	for _, tc := range []struct {
		path []string
		want bool
	}{{nil, false}, {[]string{"sub"}, false}, {[]string{"preferred_username"}, true}, {[]string{"user", "sub"}, true}} {
		if got := (identity.ClaimMap{Subject: tc.path}).MapsSubject(); got != tc.want {
			t.Errorf("%q: %v", tc.path, got)
		}
	}
}
