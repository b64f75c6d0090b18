package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// An address is where to listen: a Unix socket's path or a TCP address.
type address struct{ network, at string }

// maxSocketPath is what unix(7) allows, less the NUL at the end and what the name under which a
// socket is made has more than its own.
const maxSocketPath = 107 - len(".4194304")

// parseAddress reads unix:///PATH (or unix:/PATH, as Envoy writes it), or HOST:PORT with an IP address or localhost.
func parseAddress(text string) (address, error) {
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		path = strings.TrimPrefix(path, "//")
		if !strings.HasPrefix(path, "/") {
			return address{}, fmt.Errorf("%q is not a socket address: write unix:///absolute/path.sock", text)
		}
		if len(path) > maxSocketPath {
			return address{}, fmt.Errorf("%q: the path of a socket has at most %d bytes", text, maxSocketPath)
		}
		return address{"unix", path}, nil
	}
	if strings.HasPrefix(text, "/") {
		return address{}, fmt.Errorf("%q is not an address: write unix://%s", text, text)
	}
	host, _, err := net.SplitHostPort(text)
	if err != nil {
		return address{}, fmt.Errorf("%q is not an address: write unix:///path.sock or IP:PORT", text)
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "localhost" {
		return address{}, fmt.Errorf("%q is not an address to listen on: give an IP address, as in 127.0.0.1:9902", text)
	}
	return address{"tcp", text}, nil
}

// loopback says that nothing but this machine can reach the address.
func (a address) loopback() bool {
	if a.network == "unix" {
		return true
	}
	host, _, err := net.SplitHostPort(a.at)
	addr, parseErr := netip.ParseAddr(host)
	return err == nil && (host == "localhost" || parseErr == nil && addr.IsLoopback())
}

// answers says that another process listens on the Unix socket.
func (a address) answers() bool {
	if a.network != "unix" {
		return false
	}
	c, err := net.Dial("unix", a.at)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// listen opens the address. A Unix socket takes the place of whatever socket is there, in one
// step, so that a client finds the old one or the new one; its file is never removed, since by
// the time this process ends it may be a successor's.
func (a address) listen(mode fs.FileMode) (net.Listener, error) {
	if a.network != "unix" {
		return net.Listen(a.network, a.at)
	}
	if info, err := os.Lstat(a.at); err == nil && info.Mode().Type() != fs.ModeSocket {
		return nil, fmt.Errorf("%s is there and is no socket: remove it, or listen elsewhere", a.at)
	}
	temporary := a.at + "." + strconv.Itoa(os.Getpid())
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", temporary)
	if err != nil {
		return nil, fmt.Errorf("%w (does the directory exist, and may we write to it?)", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	err = os.Chmod(temporary, mode)
	if err == nil {
		err = os.Rename(temporary, a.at)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close(), os.Remove(temporary))
	}
	return l, nil
}
