package policy_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/policy"
)

func TestParsePath(t *testing.T) {
	for target, want := range map[string][]string{
		"/":                     {""},
		"/a":                    {"a"},
		"/a/":                   {"a", ""},
		"/a/b?x=/../y//z":       {"a", "b"},
		"/a?":                   {"a"},
		"/a?b?c":                {"a"},
		"/%61":                  {"a"},
		"/caf%C3%A9":            {"café"},
		"/a%20b":                {"a b"},
		"/100%25":               {"100%"},
		"/100%25zz":             {"100%zz"},
		"/a!b":                  {"a!b"},
		"/...":                  {"..."},
		"/a..b/..c":             {"a..b", "..c"},
		"/shop.v1.Orders/Get":   {"shop.v1.Orders", "Get"},
		"/-._~!$&'()*+,=:@":     {"-._~!$&'()*+,=:@"},
		"/%7Bid%7D/%22":         {"{id}", `"`},
		"/" + repeat("a/", 127): append(slices.Repeat([]string{"a"}, 127), ""),
	} {
		p, err := policy.ParsePath(target)
		if err != nil || !slices.Equal(p.Segments(), want) {
			t.Errorf("ParsePath(%q) = %q, %v; want %q", target, p.Segments(), err, want)
		}
	}
}

func TestParsePathKeepsWhatWasSent(t *testing.T) {
	p, err := policy.ParsePath("/%61/b?q=%61&r")
	if err != nil || p.Raw() != "/%61/b" || p.Query() != "q=%61&r" || p.String() != "/a/b" {
		t.Fatalf("raw %q, query %q, string %q, %v", p.Raw(), p.Query(), p, err)
	}
}

func TestParsePathRefuses(t *testing.T) {
	for _, tc := range []struct {
		why     string
		want    error
		targets []string
	}{
		{"not in origin form", policy.ErrPathMissing, []string{"", "a", "*", "?x", "http://a.test/b", "a.test:443", " /a", "%2Fa"}},
		{"too long", policy.ErrPathTooLong, []string{"/" + repeat("a", policy.MaxTarget), "/a?" + repeat("b", policy.MaxTarget), "/" + repeat("a/", 128)}},
		{"an empty inner segment", policy.ErrPathEmpty, []string{"//", "//a", "/a//b", "/a//", "//host/p", "/a/b//?x"}},
		{"a dot segment", policy.ErrPathDot, []string{
			"/.", "/..", "/a/.", "/a/..", "/a/../b", "/./a", "/%2e", "/%2E%2e/a", "/.%2e/a", "/%2e./a", "/a/%2E?x",
		}},
		{"a byte that must be escaped", policy.ErrPathByte, []string{
			"/a\\b", "/a#b", "/a;b", "/;", "/a;jsessionid=1", "/..;/a", "/a b", "/a\tb", "/a\x00b", "/a\x7f", "/caf\xc3\xa9", "/caf\xe9",
			"/a\r\nb", `/a"b`, "/a<b", "/a>b", "/a^b", "/a`b", "/a{b", "/a|b", "/a}b", "/a[b", "/a]b",
			"/a?b#c", "/a?b c", "/a?\xe9", "/a?\x00", "/a?b\r\n",
		}},
		{"an invalid escape", policy.ErrPathEscape, []string{"/%", "/%2", "/%zz", "/a%2/b", "/%u0061", "/%%", "/%-1", "/%2%46"}},
		{"a segment that splits when decoded again", policy.ErrPathSplit, []string{
			"/a%2Fb", "/a%2fb", "/%2f", "/a%5Cb", "/a%5cb", "/a%3Bb", "/a%23b", "/a%3Fb", "/%252e%252e", "/%2525%32%35", "/%2541", "/%25%34%31", "/%252F", "/a%2F..%2Fb",
		}},
		{"not printable UTF-8 once decoded", policy.ErrPathEncoding, []string{
			"/%00", "/%0a", "/%0D%0A", "/%7f", "/%ff", "/%c0%ae", "/%c0%af", "/%e0%80%af", "/%ed%a0%80", "/%c2%85", "/%f4%90%80%80", "/%C3",
		}},
	} {
		for _, target := range tc.targets {
			p, err := policy.ParsePath(target)
			if !errors.Is(err, tc.want) {
				t.Errorf("%s: ParsePath(%.60q) = %v, want %v", tc.why, target, err, tc.want)
			}
			if !p.IsZero() || p.Raw() != "" || p.Query() != "" {
				t.Errorf("%s: ParsePath(%.60q) returned a path with its error", tc.why, target)
			}
		}
	}
}

// FuzzParsePath holds the fixed point: what is accepted has one encoding that parses to the
// same segments, and no segment could be read as anything but itself.
func FuzzParsePath(f *testing.F) {
	for _, seed := range []string{"/", "/a/b?c", "/%61%2e/", "/caf%C3%A9", "/a%2Fb", "/..;/x", "//", "/%25%32%66", "/a!b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		p, err := policy.ParsePath(target)
		if err != nil {
			if !p.IsZero() || p.Raw() != "" || p.Query() != "" {
				t.Fatalf("%q: a path with the error %v", target, err)
			}
			return
		}
		again, err := policy.ParsePath(p.String())
		if err != nil || !slices.Equal(again.Segments(), p.Segments()) || again.String() != p.String() {
			t.Fatalf("%q is %q, which is %q, %v", target, p.Segments(), again.Segments(), err)
		}
		if rest, ok := strings.CutPrefix(target, p.Raw()); !ok || rest != "" && rest != "?"+p.Query() {
			t.Fatalf("%q is not %q and %q", target, p.Raw(), p.Query())
		}
		for i, s := range p.Segments() {
			last := i == len(p.Segments())-1
			if s == "." || s == ".." || s == "" && !last || strings.ContainsAny(s, "/\\?#;\x00") {
				t.Fatalf("%q has the segment %q", target, s)
			}
		}
	})
}

func repeat(s string, n int) string { return strings.Repeat(s, n) }
