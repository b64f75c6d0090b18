package keys_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/postern/postern/identity/keys"
)

// TestCheckAddressOfGateways: what reaches an IPv4 address is that address, however it is written.
func TestCheckAddressOfGateways(t *testing.T) {
	for _, tc := range []struct {
		ip, allowed string
		want        bool
	}{
		{"64:ff9b::169.254.169.254", "", false},
		{"64:ff9b::10.0.0.5", "", true},
		{"64:ff9b::", "", false},
		// The lengths 48, 56, 64 and 96, with and without a suffix.
		{"64:ff9b:1:a9fe:a9:fe00::", "", false},
		{"64:ff9b:1:a9fe:a9:fe00:101:101", "", false},
		{"64:ff9b:1:a9:fe:a9fe::", "", false},
		{"64:ff9b:1:aa:a9:fea9:fe00:0", "", false},
		{"64:ff9b:1::a9fe:a9fe", "", false},
		{"64:ff9b:1:2:3:4:a9fe:a9fe", "", false},
		{"64:ff9b:1::", "", false},
		{"64:ff9b:1:a00:0:500::", "", true}, // 10.0.0.5
		{"64:ff9b:1::10.0.0.5", "", true},
		{"2002:a9fe:a9fe::1", "", false},
		{"2002:a9fe:a9fe:1:2:3:4:5", "", false},
		{"2002:0a00:0005::1", "", true},
		{"::169.254.169.254", "", false},
		{"::168.63.129.16", "", false},
		{"::10.0.0.5", "", true},
		{"::2", "", false},
		{"::1", "", true},
		{"::", "", false},
		{"::ffff:0:169.254.169.254", "", false},
		{"::ffff:169.254.169.254", "", false},
		{"::ffff:10.0.0.5", "", true},
		{"2001:db8::a9fe:a9fe", "", true},
		{"fec0::1", "", true},
		// What is allowed is so by every way.
		{"2002:a9fe:1401::1", "169.254.20.0/24", true},
		{"64:ff9b:1:a9fe:14:100::", "169.254.20.0/24", true},
		{"::169.254.20.1", "169.254.20.0/24", true},
		{"::169.254.21.1", "169.254.20.0/24", false},
	} {
		networks, err := keys.ParseNetworks(tc.allowed)
		if err != nil {
			t.Fatal(err)
		}
		err = keys.CheckAddress(netip.AddrPortFrom(netip.MustParseAddr(tc.ip), 443).String(), networks)
		if (err == nil) != tc.want || err != nil && !errors.Is(err, keys.ErrAddress) {
			t.Errorf("%s with %q: %v", tc.ip, tc.allowed, err)
		}
	}
}
