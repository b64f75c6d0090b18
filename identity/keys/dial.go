package keys

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
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
		netip.MustParsePrefix("fd20:ce::254/128"),   // Google
		netip.MustParsePrefix("168.63.129.16/32"),   // Azure: the agent's, with certificates of the machine
		netip.MustParsePrefix("100.100.100.200/32"), // Alibaba
		netip.MustParsePrefix("192.0.0.192/32"),     // Oracle
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("::/128"),
		netip.MustParsePrefix("224.0.0.0/4"),
		netip.MustParsePrefix("ff00::/8"),
	}
}

// Networks are those in which issuers may be although nobody's should: parts of the networks
// that are refused otherwise. Nil allows none of them.
type Networks []netip.Prefix

// ParseNetworks reads CIDRs with commas between them; "" is none. Each has to be written in its
// one form and to be, whole, in a network that is refused otherwise, so that nobody takes the
// list for all that issuers may have. The error quotes what is wrong.
func ParseNetworks(text string) (Networks, error) {
	if text == "" {
		return nil, nil
	}
	var networks Networks
	for cidr := range strings.SplitSeq(text, ",") {
		p, err := netip.ParsePrefix(cidr)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%q is not a network: write it as in 169.254.20.0/24", cidr)
		case p.String() != cidr || p.Masked() != p:
			return nil, fmt.Errorf("%q is not how the network is written: that is %v", cidr, p.Masked())
		case !isForbidden(p):
			return nil, fmt.Errorf("%q is in no network that is refused: issuers may have its addresses anyway, and those it has beside them are not allowed at once", cidr)
		}
		networks = append(networks, p)
	}
	return networks, nil
}

// isForbidden says whether all of p is in one of the forbidden networks.
func isForbidden(p netip.Prefix) bool {
	for _, f := range forbidden() {
		if f.Bits() <= p.Bits() && f.Contains(p.Addr()) {
			return true
		}
	}
	return false
}

// contain says whether ip is in one of the networks.
func (n Networks) contain(ip netip.Addr) bool {
	for _, p := range n {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// ErrAddress says that an issuer is where none may be, unless Options.Networks has it.
var ErrAddress = errors.New("an address that no issuer may have")

// CheckAddress refuses an IP address with a port that no issuer may have, unless it is allowed.
// An IPv4 address that is written, or reached, as an IPv6 one is the same address.
// The error is ErrAddress for an address that is refused.
func CheckAddress(address string, allowed Networks) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return errors.New("not an IP address and a port")
	}
	ip := ap.Addr().WithZone("").Unmap()
	for _, reached := range append(embedded(ip), ip) {
		if Networks(forbidden()).contain(reached) && !allowed.contain(reached) {
			return fmt.Errorf("%v is %w", reached, ErrAddress)
		}
	}
	return nil
}

// control is CheckAddress as a net.Dialer wants it: called for each address that a name
// resolved to, before the connection.
func (n Networks) control(_, address string, _ syscall.RawConn) error {
	return CheckAddress(address, n)
}
