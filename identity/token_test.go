package identity_test

import (
	"strings"
	"testing"

	"github.com/postern/postern/identity"
)

func TestIsToken(t *testing.T) {
	for s, want := range map[string]bool{
		"GET": true, "x-request-id": true, "!#$%&'*+-.^_`|~": true, "0": true,
		"": false, " ": false, "a b": false, "a ": false, " a": false, "a:": false, "a\x00": false, "a\x7f": false, "é": false,
	} {
		if got := identity.IsToken(s); got != want {
			t.Errorf("IsToken(%q) is %v", s, got)
		}
	}
}

// TestTokenBytes goes through every byte there is, by the list of RFC 9110 section 5.6.2.
func TestTokenBytes(t *testing.T) {
	const tchar = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for c := range 256 {
		s := string([]byte{byte(c)})
		if got, want := identity.IsToken(s), strings.Contains(tchar, s); got != want {
			t.Errorf("IsToken(%q) is %v", s, got)
		}
	}
	if n := identity.TokenLen("Bearer abc"); n != 6 {
		t.Errorf("the token of Bearer abc has %d bytes", n)
	}
	if n := identity.TokenLen(" Bearer"); n != 0 {
		t.Errorf("the token of a space has %d bytes", n)
	}
}

// TestIsLowerToken: each byte that a token can have, but no capital.
func TestIsLowerToken(t *testing.T) {
	for c := range 256 {
		name := string([]byte{byte(c)})
		want := identity.IsToken(name) && !('A' <= c && c <= 'Z')
		if identity.IsLowerToken(name) != want || identity.IsLowerToken("x-"+name+"-y") != want {
			t.Errorf("%q: want %v", name, want)
		}
	}
	if identity.IsLowerToken("") {
		t.Error("no name is a name")
	}
}
