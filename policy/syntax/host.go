package syntax

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// checkHost takes a host as requests are compared with it.
func checkHost(s string) error {
	switch {
	case strings.Contains(s, "*"):
		return errors.New("hosts are exact: name each, or leave hosts out for any")
	case strings.Contains(s, "://") || strings.Contains(s, "/"):
		return errors.New("a host is a name alone, without a scheme or a path")
	case s != strings.ToLower(s):
		return fmt.Errorf("hosts are compared in lower case: write %s", quote(strings.ToLower(s)))
	case strings.HasSuffix(s, "."):
		return errors.New("a host is written without a trailing dot")
	case strings.HasPrefix(s, "["):
		return checkLiteralHost(s)
	case strings.Contains(s, ":"):
		return errors.New("a host is written without a port, an IPv6 address in brackets")
	case len(s) > maxSubdomain:
		return fmt.Errorf("this host has %d characters: at most %d", len(s), maxSubdomain)
	}
	for label := range strings.SplitSeq(s, ".") {
		if !isLabel(strings.ReplaceAll(label, "_", "0")) || len(label) > maxLabel {
			return fmt.Errorf("%s is no host name", quote(s))
		}
	}
	return nil
}

// checkLiteralHost takes an IPv6 address in brackets, in its one canonical spelling (RFC 5952).
func checkLiteralHost(s string) error {
	inner, ok := strings.CutSuffix(s[1:], "]")
	addr, err := netip.ParseAddr(inner)
	switch {
	case !ok || err != nil || !addr.Is6() || addr.Zone() != "":
		return fmt.Errorf("%s is no IPv6 address in brackets without a port", quote(s))
	case addr.String() != inner:
		return fmt.Errorf("write [%s], the canonical spelling of this address", addr)
	}
	return nil
}
