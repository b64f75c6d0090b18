package envoy

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity/svid"
)

var (
	nameSyntax = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)
	hostSyntax = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)
)

// An Upstream is a service that the app calls through a listener of its own: plain HTTP in on
// loopback, mTLS out.
type Upstream struct {
	name   string
	listen Address
	host   string
	port   uint16
	server spiffeid.ID
}

// ParseUpstream reads NAME=LISTEN,HOST:PORT,SPIFFE_ID, such as
// orders=127.0.0.1:9001,orders.shop.test:8443,spiffe://shop.test/ns/shop/sa/orders.
// LISTEN has to be on loopback: whoever reaches it speaks with the workload's identity.
func ParseUpstream(s string) (Upstream, error) {
	name, rest, found := strings.Cut(s, "=")
	parts := strings.Split(rest, ",")
	if !found || len(parts) != 3 {
		return Upstream{}, fmt.Errorf("%q is not NAME=LISTEN,HOST:PORT,SPIFFE_ID", s)
	}
	if !nameSyntax.MatchString(name) {
		return Upstream{}, fmt.Errorf("upstream %q: a name is at most 63 lower-case letters, digits and hyphens", name)
	}
	u := Upstream{name: name}
	var err error
	if u.listen, err = ParseAddress(parts[0]); err != nil {
		return Upstream{}, fmt.Errorf("upstream %s: %w", name, err)
	}
	if !u.listen.Local() || u.listen.Socket() {
		return Upstream{}, fmt.Errorf("upstream %s: %s is not a loopback address and port: anyone who reached it could speak with the workload's identity", name, u.listen)
	}
	if u.host, u.port, err = parseHostPort(parts[1]); err != nil {
		return Upstream{}, fmt.Errorf("upstream %s: %w", name, err)
	}
	if u.server, err = ParseWorkload(parts[2]); err != nil {
		return Upstream{}, fmt.Errorf("upstream %s: %w", name, err)
	}
	return u, nil
}

func parseHostPort(s string) (string, uint16, error) {
	host, digits, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0, fmt.Errorf("%q is not HOST:PORT", s)
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || port == 0 {
		return "", 0, fmt.Errorf("%q is not a port", digits)
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.Zone() == "" {
		return ip.String(), uint16(port), nil
	}
	if len(host) > 253 || !hostSyntax.MatchString(host) {
		return "", 0, fmt.Errorf("%q is neither an IP address nor a host name in lower case", host)
	}
	return host, uint16(port), nil
}

// ParseWorkload reads the SPIFFE ID of a workload: one with a path (X.509-SVID section 5.2).
func ParseWorkload(s string) (spiffeid.ID, error) { return svid.ParseID(s) }

func (u Upstream) named() bool {
	_, err := netip.ParseAddr(u.host)
	return err != nil
}

// authority is the upstream's own name, with the port unless it is that of https.
func (u Upstream) authority() string {
	if u.port == 443 {
		return strings.TrimSuffix(net.JoinHostPort(u.host, ""), ":")
	}
	return net.JoinHostPort(u.host, strconv.Itoa(int(u.port)))
}
