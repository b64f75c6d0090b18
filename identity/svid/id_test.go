package svid_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/postern/postern/identity/svid"
)

func TestParseTrustDomain(t *testing.T) {
	for _, tc := range []struct {
		name string
		ok   bool
	}{
		{"shop.test", true},
		{"a", true},
		{"a-b_c.0", true},
		{strings.Repeat("a", 255), true},
		{strings.Repeat("a", 256), false},
		{"", false},
		{"Shop.test", false},
		{"shop.test/", false},
		{"shop.test:80", false},
		{"u@shop.test", false},
		{"spiffe://shop.test", false},
		{"spiffe://shop.test/a", false},
		{"shop.test\x00", false},
		{"shop.tést", false},
		{"*", false},
	} {
		domain, err := svid.ParseTrustDomain(tc.name)
		switch {
		case (err == nil) != tc.ok:
			t.Errorf("%q: %v", tc.name, err)
		case tc.ok && domain.Name() != tc.name || !tc.ok && !domain.IsZero():
			t.Errorf("%q became %q", tc.name, domain)
		}
	}
}

func TestParseIDWantsAPath(t *testing.T) {
	for _, s := range []string{"spiffe://shop.test", "shop.test", ""} {
		if id, err := svid.ParseID(s); err == nil || !id.IsZero() {
			t.Errorf("%q became %q", s, id)
		}
	}
}

// FuzzParseID compares with the grammar of the specification, written another way.
func FuzzParseID(f *testing.F) {
	grammar := regexp.MustCompile(`^spiffe://[a-z0-9._-]{1,255}(/[a-zA-Z0-9._-]+)+$`)
	dots := regexp.MustCompile(`/\.\.?(/|$)`)
	for _, seed := range []string{
		web, "spiffe://shop.test", "spiffe://shop.test/", "spiffe://shop.test/a/../b", "spiffe://shop.test/...",
		"spiffe://Shop.test/a", "spiffe://./0", "spiffe://shop.test/a!b", "spiffe://shop.test/a\n", "https://shop.test/a",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := svid.ParseID(s)
		want := len(s) <= 2048 && grammar.MatchString(s) && !dots.MatchString(strings.TrimPrefix(s, "spiffe://")) && !strings.HasSuffix(s, "\n")
		switch {
		case (err == nil) != want:
			t.Fatalf("%q: %v, the grammar says %v", s, err, want)
		case err == nil && id.String() != s:
			t.Fatalf("%q became %q", s, id)
		case err != nil && !id.IsZero():
			t.Fatalf("an error (%v) came with %q", err, id)
		}
	})
}
