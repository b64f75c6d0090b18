package syntax_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postern/postern/policy/syntax"
)

func TestNearest(t *testing.T) {
	words := []string{"people", "robots", "max_age", "a"}
	for written, want := range map[string]string{
		"robot": "robots", "poeple": "people", "PEOPLE": "people", "maxAge": "max_age", "max-age": "max_age",
		"": "", "b": "", "zz": "", "something-else": "", strings.Repeat("people", 11): "",
	} {
		if got := syntax.Nearest(written, words); got != want {
			t.Errorf("%q: %q, want %q", written, got, want)
		}
	}
	if got := syntax.Nearest("people", nil); got != "" {
		t.Errorf("of no words %q is the nearest", got)
	}
}

func ExampleNearest() {
	fmt.Println(syntax.Nearest("shop-ipd", []string{"partner", "shop-idp"}))
	// Output:
	// shop-idp
}
