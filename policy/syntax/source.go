package syntax

import (
	"fmt"
	"net/netip"

	"github.com/postern/postern/policy/syntax/tree"
)

// prefixes reads ranges of addresses.
func (r *reader) prefixes(n *tree.Node) []Prefix {
	texts := r.texts(n, checkPrefix)
	prefixes := make([]Prefix, 0, len(texts))
	for _, t := range texts {
		if p, err := netip.ParsePrefix(t.Value); err == nil {
			prefixes = append(prefixes, Prefix{t.Position, p})
		}
	}
	if len(prefixes) == 0 {
		return nil
	}
	return prefixes
}

// checkPrefix takes a range in its one spelling: masked, canonical, IPv4 as IPv4.
func checkPrefix(s string) error {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" && !addr.Is4In6() {
		return fmt.Errorf("a range has a length: write %s/%d for this address alone", addr, addr.BitLen())
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return fmt.Errorf("%s is no range of addresses: write 10.0.0.0/8 or 2001:db8::/32", quote(s))
	case p.Addr().Is4In6():
		return fmt.Errorf("an IPv4 range is written as IPv4, not as %s", quote(s))
	case p != p.Masked():
		return fmt.Errorf("%s has bits behind its length: write %s, or %s/%d for this address alone", s, p.Masked(), p.Addr(), p.Addr().BitLen())
	case p.String() != s:
		return fmt.Errorf("write %s, the canonical spelling of this range", p)
	}
	return nil
}
