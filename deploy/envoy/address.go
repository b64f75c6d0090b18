package envoy

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
)

// maxSocketPath is what sockaddr_un holds on Linux, less the final NUL (unix(7)).
const maxSocketPath = 107

// An Address is where something listens on this host: an IP address with a port, or a Unix
// socket. The zero Address is none.
type Address struct {
	ip   netip.AddrPort
	path string
}

// ParseAddress reads 127.0.0.1:8080, [::1]:8080, unix:/run/app.sock or unix:///run/app.sock.
// Names are refused: what they stand for is somebody else's to change. Port 0 is any free port,
// which makes sense where Envoy listens and nowhere else.
func ParseAddress(s string) (Address, error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		return parseSocket(path)
	}
	if strings.HasPrefix(s, "/") {
		return Address{}, fmt.Errorf("%q is not an address: write unix://%s", s, s)
	}
	ip, err := netip.ParseAddrPort(s)
	if err != nil || ip.Addr().Zone() != "" {
		return Address{}, fmt.Errorf("%q is not an address: write an IP address and a port (127.0.0.1:8080) or unix:/path", s)
	}
	return Address{ip: ip}, nil
}

func parseSocket(path string) (Address, error) {
	if rest, ok := strings.CutPrefix(path, "//"); ok {
		path = rest
	}
	if err := checkPath(path); err != nil {
		return Address{}, err
	}
	if len(path) > maxSocketPath {
		return Address{}, fmt.Errorf("the socket's path has %d bytes: at most %d fit", len(path), maxSocketPath)
	}
	return Address{path: path}, nil
}

// checkPath refuses paths that mean something else elsewhere, or that could.
func checkPath(path string) error {
	switch {
	case !filepath.IsAbs(path):
		return fmt.Errorf("%q is not an absolute path", path)
	case filepath.Clean(path) != path:
		return fmt.Errorf("%q is not the shortest spelling of its path: write %q", path, filepath.Clean(path))
	case strings.IndexFunc(path, notPrintable) >= 0:
		return fmt.Errorf("%q has a character that is not printable ASCII", path)
	}
	return nil
}

func notPrintable(r rune) bool { return r < ' ' || r > '~' }

// IsZero says that there is no address.
func (a Address) IsZero() bool { return a == Address{} }

// Local says that only this host can reach the address.
func (a Address) Local() bool { return a.path != "" || a.ip.Addr().Unmap().IsLoopback() }

// Socket says that the address is a Unix socket.
func (a Address) Socket() bool { return a.path != "" }

// anyPort says that the system chooses the port.
func (a Address) anyPort() bool { return a.path == "" && a.ip.Port() == 0 }

// String returns the address as ParseAddress reads it.
func (a Address) String() string {
	switch {
	case a.path != "":
		return "unix:" + a.path
	case a.ip.IsValid():
		return a.ip.String()
	default:
		return ""
	}
}
