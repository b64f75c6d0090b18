package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	for text, loopback := range map[string]bool{
		"unix:///run/postern/authz.sock": true,
		"unix:/run/postern/authz.sock":   true,
		"127.0.0.1:9001":                 true,
		"[::1]:9001":                     true,
		"localhost:9001":                 true,
		"0.0.0.0:9001":                   false,
		"10.1.2.3:9001":                  false,
		"[::]:9001":                      false,
	} {
		a, err := parseAddress(text)
		if err != nil || a.loopback() != loopback {
			t.Errorf("parseAddress(%q) = %+v, %v; loopback %v", text, a, err, a.loopback())
		}
	}
	for _, text := range []string{"", "unix:///" + strings.Repeat("a", 99), "unix://relative", "unix://", ":9001", "example.test:80", "9001", "127.0.0.1"} {
		if a, err := parseAddress(text); err == nil {
			t.Errorf("parseAddress(%q) = %+v", text, a)
		}
	}
}

func TestListenReplacesAStaleSocket(t *testing.T) {
	a := address{"unix", filepath.Join(t.TempDir(), "s")}
	stale, err := a.listen(0o660)
	if err != nil {
		t.Fatal(err)
	}
	stale.Close()
	l, err := a.listen(0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	info, err := os.Stat(a.at)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	mustReach(t, a.at)
}

// Go removes a Unix socket's file when its listener closes; the file may be a successor's.
func TestListenLeavesTheSuccessorsSocket(t *testing.T) {
	a := address{"unix", filepath.Join(t.TempDir(), "s")}
	old, err := a.listen(0o660)
	if err != nil {
		t.Fatal(err)
	}
	successor, err := a.listen(0o660)
	if err != nil {
		t.Fatal(err)
	}
	defer successor.Close()
	old.Close()
	mustReach(t, a.at)
	left, err := os.ReadDir(filepath.Dir(a.at))
	if err != nil || len(left) != 1 {
		t.Fatalf("%v, %v", left, err)
	}
}

func TestListenRefusesWhatIsNoSocket(t *testing.T) {
	a := address{"unix", filepath.Join(t.TempDir(), "s")}
	if err := os.WriteFile(a.at, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := a.listen(0o660); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Fatalf("got %v", err)
	}
	if text, err := os.ReadFile(a.at); err != nil || string(text) != "precious" {
		t.Fatalf("%q, %v", text, err)
	}
	missing := address{"unix", filepath.Join(t.TempDir(), "no/such/dir/s")}
	if _, err := missing.listen(0o660); err == nil || !strings.Contains(err.Error(), "directory") {
		t.Fatalf("got %v", err)
	}
}

func mustReach(t *testing.T, path string) {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}
