package policy

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// maxHost is the longest name in DNS (RFC 1035 section 2.3.4), and room for a port.
const maxHost = 253 + len(".:65535")

// ErrHost says that an authority is not one host with, perhaps, a port.
var ErrHost = errors.New("the host is not one name or address, with a port or without")

// A Host is the name or address that a request asks for, lower-cased, without port or
// trailing dot. The zero Host is no host.
type Host struct{ name string }

// ParseHost parses an authority (RFC 3986 section 3.2). It refuses user information, a comma
// (which is two Host headers), escapes, and everything that is no name or address.
func ParseHost(authority string) (Host, error) {
	if authority == "" || len(authority) > maxHost {
		return Host{}, ErrHost
	}
	if authority[0] == '[' {
		return parseLiteral(authority)
	}
	name, port, hasPort := strings.Cut(authority, ":")
	if hasPort && !validPort(port) {
		return Host{}, ErrHost
	}
	name = strings.TrimSuffix(name, ".")
	if !validName(name) {
		return Host{}, ErrHost
	}
	return Host{strings.ToLower(name)}, nil
}

// String returns the host as it is compared.
func (h Host) String() string { return h.name }

// parseLiteral parses an IPv6 address in brackets, in any spelling, without a zone.
func parseLiteral(authority string) (Host, error) {
	literal, rest, ok := strings.Cut(authority[1:], "]")
	if !ok || rest != "" && (rest[0] != ':' || !validPort(rest[1:])) {
		return Host{}, ErrHost
	}
	addr, err := netip.ParseAddr(literal)
	if err != nil || !addr.Is6() || addr.Zone() != "" {
		return Host{}, ErrHost
	}
	return Host{"[" + addr.String() + "]"}, nil
}

func validPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && len(s) <= 5
}

// validName says that every label is of letters, digits, hyphens and underscores.
func validName(name string) bool {
	if name == "" {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !isAlnum(c) && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
