package pattern_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postern/postern/policy/pattern"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

func parse(t *testing.T, text string) pattern.Pattern {
	t.Helper()
	p, err := pattern.Parse(text)
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return p
}

func TestMatch(t *testing.T) {
	for _, tc := range []struct {
		pattern string
		yes, no []string
	}{
		{"spiffe://a.test/ns/x/sa/web", []string{"spiffe://a.test/ns/x/sa/web"}, []string{
			"spiffe://a.test/ns/x/sa/we", "spiffe://a.test/ns/x/sa/webs", "spiffe://a.test/ns/x/sa", "spiffe://a.test/ns/x/sa/web/x",
			"spiffe://b.test/ns/x/sa/web", "spiffe://a.test", "spiffe://a.test/ns/x/sa/Web", "",
		}},
		{"spiffe://a.test/ns/*/sa/web", []string{"spiffe://a.test/ns/x/sa/web", "spiffe://a.test/ns/sa/sa/web"}, []string{
			"spiffe://a.test/ns/x/y/sa/web", "spiffe://a.test/ns/sa/web", "spiffe://a.test/ns/x/sa/web/y", "spiffe://a.tes/ns/x/sa/web",
			"spiffe://a.test.b/ns/x/sa/web", "spiffe://a.testns/x/sa/web",
		}},
		{"spiffe://a.test/*", []string{"spiffe://a.test/x"}, []string{"spiffe://a.test", "spiffe://a.test/x/y", "spiffe://a.testx/y"}},
		{"spiffe://a.test/**", []string{"spiffe://a.test/x", "spiffe://a.test/x/y/z"}, []string{
			"spiffe://a.test", "spiffe://a.test2/x", "spiffe://a.tes/x", "spiffe://b.a.test/x", "",
		}},
		{"spiffe://a.test/ns/**", []string{"spiffe://a.test/ns/x", "spiffe://a.test/ns/x/y"}, []string{
			"spiffe://a.test/ns", "spiffe://a.test/nsx", "spiffe://a.test/nsx/y", "spiffe://a.test/x/ns/y",
		}},
		{"spiffe://a.test/*/x/**", []string{"spiffe://a.test/a/x/b", "spiffe://a.test/a/x/b/c"}, []string{
			"spiffe://a.test/a/x", "spiffe://a.test/a/b/x/c",
		}},
	} {
		p := parse(t, tc.pattern)
		for _, id := range tc.yes {
			if !p.Match(id) {
				t.Errorf("%s does not match %s", p, id)
			}
		}
		for _, id := range tc.no {
			if p.Match(id) {
				t.Errorf("%s matches %s", p, id)
			}
		}
	}
}

func TestZeroMatchesNothing(t *testing.T) {
	var p pattern.Pattern
	for _, id := range []string{"", "spiffe://a.test/x", "spiffe://"} {
		if p.Match(id) {
			t.Errorf("the zero Pattern matches %q", id)
		}
	}
	if p.TrustDomain() != "" || p.Segments() != nil || p.String() != "" {
		t.Error("the zero Pattern says something")
	}
}

func TestAccessors(t *testing.T) {
	p := parse(t, "spiffe://a.test/ns/*/sa/**")
	if p.TrustDomain() != "a.test" || fmt.Sprint(p.Segments()) != "[ns * sa **]" {
		t.Errorf("%q: %q %v", p, p.TrustDomain(), p.Segments())
	}
}

func TestRefused(t *testing.T) {
	long := "spiffe://a.test/" + strings.Repeat("x", 2048)
	for text, want := range map[string]string{
		"":                             "a SPIFFE ID pattern must not be empty",
		"*":                            "a pattern names its trust domain: spiffe://TRUST_DOMAIN/**",
		"**":                           "a pattern names its trust domain: spiffe://TRUST_DOMAIN/**",
		"web":                          "a SPIFFE ID pattern begins with spiffe://",
		"https://a.test/x":             "a SPIFFE ID pattern begins with spiffe://",
		"SPIFFE://a.test/x":            "the scheme is written in lower case: spiffe://",
		"spiffe:///x":                  "the trust domain is missing: spiffe://TRUST_DOMAIN/PATH",
		"spiffe://":                    "the trust domain is missing: spiffe://TRUST_DOMAIN/PATH",
		"spiffe://*/x":                 "the trust domain is always a literal: * stands for a path segment only",
		"spiffe://*.test/x":            "the trust domain is always a literal: * stands for a path segment only",
		"spiffe://A.test/x":            `"A" in the trust domain: it has lower-case letters, digits, dots, dashes and underscores only`,
		"spiffe://a.test:80/x":         `":" in the trust domain: it has lower-case letters, digits, dots, dashes and underscores only`,
		"spiffe://u@a.test/x":          `"@" in the trust domain: it has lower-case letters, digits, dots, dashes and underscores only`,
		"spiffe://a.tést/x":            `"é" in the trust domain: it has lower-case letters, digits, dots, dashes and underscores only`,
		"spiffe://a.test":              "a trust domain alone is no workload: write spiffe://a.test/** for all of it",
		"spiffe://a.test/":             "a SPIFFE ID does not end with a slash",
		"spiffe://a.test/x/":           "a SPIFFE ID does not end with a slash",
		"spiffe://a.test//x":           "a path segment is empty",
		"spiffe://a.test/./x":          "a SPIFFE ID has no dot segments",
		"spiffe://a.test/x/..":         "a SPIFFE ID has no dot segments",
		"spiffe://a.test/**/x":         "** stands at the end only; * is one whole segment",
		"spiffe://a.test/web-*":        `"web-*": a * stands for a whole segment, never for a part of one`,
		"spiffe://a.test/***":          `"***": a * stands for a whole segment, never for a part of one`,
		"spiffe://a.test/x y":          `" " in a path segment: it has letters, digits, dots, dashes and underscores only`,
		"spiffe://a.test/%41":          `"%" in a path segment: it has letters, digits, dots, dashes and underscores only`,
		"spiffe://a.test/x?q":          `"?" in a path segment: it has letters, digits, dots, dashes and underscores only`,
		"spiffe://a.test/{ns}":         `"{" in a path segment: it has letters, digits, dots, dashes and underscores only`,
		long:                           "a SPIFFE ID has at most 2048 bytes",
		"spiffe://" + long[16:] + "/x": "a SPIFFE ID has at most 2048 bytes",
		"spiffe://" + strings.Repeat("a", 256) + "/x": "a trust domain has at most 255 bytes",
	} {
		p, err := pattern.Parse(text)
		if err == nil || err.Error() != want {
			t.Errorf("Parse(%q) = %v, want %s", text, err, want)
		}
		if p != (pattern.Pattern{}) {
			t.Errorf("Parse(%q) returns a pattern beside its error", text)
		}
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	p := parse(t, "spiffe://a.test/ns/*/sa/**")
	id := "spiffe://a.test/ns/shop/sa/web"
	if n := testing.AllocsPerRun(100, func() { p.Match(id) }); n != 0 {
		t.Errorf("Match allocates %v times", n)
	}
}

// TestAgainstBruteForce compares Match with a matcher that is too simple to be wrong, for every
// pattern and every ID of up to three segments over a small alphabet.
func TestAgainstBruteForce(t *testing.T) {
	var ids, patterns []string
	for _, domain := range []string{"a", "ab"} {
		ids = append(ids, words("spiffe://"+domain, []string{"a", "b", "ab"}, 3)...)
		patterns = append(patterns, words("spiffe://"+domain, []string{"a", "b", "ab", "*", "**"}, 3)...)
	}
	compared := 0
	for _, text := range patterns {
		p, err := pattern.Parse(text)
		if err != nil {
			continue // "**" in the middle
		}
		for _, id := range ids {
			compared++
			if got, want := p.Match(id), simple(strings.Split(text, "/"), strings.Split(id, "/")); got != want {
				t.Fatalf("%s matches %s: %v, want %v", text, id, got, want)
			}
		}
	}
	if compared < 10_000 {
		t.Fatalf("only %d pairs compared", compared)
	}
}

func words(prefix string, alphabet []string, depth int) []string {
	if depth == 0 {
		return nil
	}
	var all []string
	for _, a := range alphabet {
		w := prefix + "/" + a
		all = append(append(all, w), words(w, alphabet, depth-1)...)
	}
	return all
}

func simple(pattern, id []string) bool {
	switch {
	case len(pattern) == 0 || len(id) == 0:
		return len(pattern) == len(id)
	case pattern[0] == "**":
		return true
	}
	return (pattern[0] == "*" || pattern[0] == id[0]) && simple(pattern[1:], id[1:])
}

// FuzzParse holds that what is accepted is written as it was read, and that a pattern
// without a wildcard is a SPIFFE ID by go-spiffe's reading.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"spiffe://a.test/ns/*/sa/**", "spiffe://a.test/x", "spiffe://a.test/*", "spiffe://a/..", "spiffe://a//", "*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := pattern.Parse(text)
		if err != nil {
			if p != (pattern.Pattern{}) {
				t.Fatal("a pattern beside an error")
			}
			return
		}
		if p.String() != text || "spiffe://"+p.TrustDomain()+"/"+strings.Join(p.Segments(), "/") != text {
			t.Fatalf("%q is written %q", text, p)
		}
		id := strings.ReplaceAll(strings.ReplaceAll(text, "**", "x/y"), "*", "x")
		if _, err := spiffeid.FromString(id); err != nil && len(id) <= 2048 {
			t.Fatalf("%q is accepted, but not by go-spiffe: %v", id, err)
		}
		if !p.Match(id) {
			t.Fatalf("%q does not match %q", text, id)
		}
	})
}

func ExamplePattern_Match() {
	p, err := pattern.Parse("spiffe://shop.test/ns/*/sa/web")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Match("spiffe://shop.test/ns/shop/sa/web"))
	fmt.Println(p.Match("spiffe://shop.test/ns/shop/sa/web-admin"))
	// Output:
	// true
	// false
}
