package main_test

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// listeners returns where a process and all below it listen with TCP, by proc(5).
func listeners(t *testing.T, pid int) []netip.AddrPort {
	t.Helper()
	if _, err := os.Stat("/proc/net/tcp"); err != nil {
		t.Logf("where the demo listens is not looked at: %v", err)
		return nil
	}
	ours := sockets(t, family(t, pid))
	var all []netip.AddrPort
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // no IPv6 here
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			const listen = "0A"
			if len(f) > 9 && f[3] == listen && ours[f[9]] {
				all = append(all, address(t, f[1]))
			}
		}
	}
	const least = 2 + 2 + 1 + 2 + 1 // Envoys in, apps, out to orders, Posterns' pages, the issuer
	if len(all) < least {
		t.Errorf("only %d listeners were found: %v", len(all), all)
	}
	return all
}

// family returns a process and its descendants.
func family(t *testing.T, pid int) []string {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	children := map[string][]string{}
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		if f := strings.Fields(rest); len(f) > 1 {
			children[f[1]] = append(children[f[1]], filepath.Base(filepath.Dir(file)))
		}
	}
	all := []string{strconv.Itoa(pid)}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}

// sockets returns the inodes of the sockets that processes have.
func sockets(t *testing.T, pids []string) map[string]bool {
	t.Helper()
	inodes := map[string]bool{}
	for _, pid := range pids {
		links, err := filepath.Glob("/proc/" + pid + "/fd/*")
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range links {
			target, err := os.Readlink(link)
			if inode, ok := strings.CutPrefix(target, "socket:["); err == nil && ok {
				inodes[strings.TrimSuffix(inode, "]")] = true
			}
		}
	}
	return inodes
}

// address reads 0100007F:1F90: 32-bit words in the machine's own order, here little-endian.
func address(t *testing.T, text string) netip.AddrPort {
	t.Helper()
	host, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+4 <= len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	addr, ok := netip.AddrFromSlice(raw)
	number, err := strconv.ParseUint(port, 16, 16)
	if !ok || err != nil {
		t.Fatal(fmt.Errorf("%q is no address: %w", text, err))
	}
	return netip.AddrPortFrom(addr.Unmap(), uint16(number))
}
