package kind_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
)

func TestTokenIsParsedOnce(t *testing.T) {
	raw := minttest.Sign(t, minttest.Key(t, "EdDSA", "k1"), nil, map[string]any{"iss": mint.Issuer})
	p := kind.NewPresented(raw, len(raw), kind.Request{})
	first, err := p.Token()
	if err != nil || p.Raw() != raw {
		t.Fatal(err)
	}
	if second, err := p.Token(); err != nil || second != first {
		t.Errorf("parsed again: %v, %v", second, err)
	}
	short := kind.NewPresented(raw, len(raw)-1, kind.Request{})
	for range 2 {
		if token, err := short.Token(); token != nil || reason.Of(err) != reason.TokenTooLarge {
			t.Errorf("got %v, %v", token, err)
		}
	}
}

func TestPresentedIsNotPrinted(t *testing.T) {
	p := kind.NewPresented("canary", 100, kind.Request{})
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(format, p); strings.Contains(s, "canary") {
			t.Errorf("%s prints %s", format, s)
		}
	}
}

func ExamplePresented() {
	p := kind.NewPresented("2YotnFZFEjr1zCsicMWpAA", 8<<10, kind.Request{})
	_, err := p.Token()
	fmt.Println(p, err)
	// Output: [credential] token_malformed: not three non-empty parts
}
