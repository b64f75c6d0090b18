package keys

import "net/netip"

// A carrier is a network of IPv6 whose addresses have an IPv4 address in them, to which a gateway
// connects. Each layout is the places of its four bytes.
type carrier struct {
	network netip.Prefix
	layouts [][4]int
}

// carriers are all that a gateway may serve.
func carriers() []carrier {
	last := [4]int{12, 13, 14, 15}
	return []carrier{
		{netip.MustParsePrefix("64:ff9b::/96"), [][4]int{last}}, // RFC 6052 section 2.1
		// RFC 8215: whoever runs the gateway chooses one of the lengths of RFC 6052 section 2.2.
		{netip.MustParsePrefix("64:ff9b:1::/48"), [][4]int{{6, 7, 9, 10}, {7, 9, 10, 11}, {9, 10, 11, 12}, last}},
		{netip.MustParsePrefix("2002::/16"), [][4]int{{2, 3, 4, 5}}}, // 6to4, RFC 3056 section 2
		{netip.MustParsePrefix("::/96"), [][4]int{last}},             // RFC 4291 section 2.5.5.1
		{netip.MustParsePrefix("::ffff:0:0:0/96"), [][4]int{last}},   // RFC 2765 section 2.1
	}
}

// embedded returns the IPv4 addresses that an address may stand for; none for most.
func embedded(ip netip.Addr) []netip.Addr {
	if !ip.Is6() || ip.IsLoopback() || ip.IsUnspecified() {
		return nil
	}
	bytes := ip.As16()
	for _, c := range carriers() {
		if !c.network.Contains(ip) {
			continue
		}
		var all, nonzero []netip.Addr
		for _, at := range c.layouts {
			v4 := netip.AddrFrom4([4]byte{bytes[at[0]], bytes[at[1]], bytes[at[2]], bytes[at[3]]})
			all = append(all, v4)
			if v4.As4()[0] != 0 {
				nonzero = append(nonzero, v4)
			}
		}
		// Of several layouts those that have nothing at their places are not meant.
		if len(nonzero) > 0 {
			return nonzero
		}
		return all
	}
	return nil
}
