package keys

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// forbidden are the networks where no issuer lives but the secrets of machines do: the local
// link with the metadata services of most clouds (RFC 3927, RFC 4291 section 2.5.6), those
// that have another address, and what is no host at all. Loopback and private networks are
// where issuers on a laptop or in a mesh do live.
func forbidden() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("169.254.0.0/16"),
		netip.MustParsePrefix("fe80::/10"),
		netip.MustParsePrefix("fd00:ec2::/32"),      // Amazon: fd00:ec2::254, ::253, ::123
		netip.MustParsePrefix("100.100.100.200/32"), // Alibaba
		netip.MustParsePrefix("192.0.0.192/32"),     // Oracle
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("::/128"),
		netip.MustParsePrefix("224.0.0.0/4"),
		netip.MustParsePrefix("ff00::/8"),
	}
}

// nat64 is the well-known prefix whose last four bytes are an IPv4 address: RFC 6052.
const nat64 = "64:ff9b::/96"

// CheckAddress refuses an IP address with a port that no issuer may have.
func CheckAddress(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return errors.New("not an IP address and a port")
	}
	ip := ap.Addr().WithZone("").Unmap()
	if netip.MustParsePrefix(nat64).Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	for _, p := range forbidden() {
		if p.Contains(ip) {
			return fmt.Errorf("%v is an address that no issuer may have", ip)
		}
	}
	return nil
}

// control is CheckAddress as a net.Dialer wants it: called for each address that a name
// resolved to, before the connection.
func control(_, address string, _ syscall.RawConn) error { return CheckAddress(address) }
