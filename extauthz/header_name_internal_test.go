package extauthz

import (
	"testing"

	"github.com/postern/postern/identity"
)

// TestHeaderNames: each byte that a token can have, but no capital.
func TestHeaderNames(t *testing.T) {
	for c := range 256 {
		name := string([]byte{byte(c)})
		want := identity.IsToken(name) && !('A' <= c && c <= 'Z')
		if isHeaderName(name) != want || isHeaderName("x-"+name+"-y") != want {
			t.Errorf("%q: want %v", name, want)
		}
	}
	if isHeaderName("") {
		t.Error("no name is a name")
	}
}
