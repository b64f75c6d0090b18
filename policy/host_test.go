package policy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/postern/postern/policy"
)

func TestParseHost(t *testing.T) {
	for authority, want := range map[string]string{
		"a.test":                        "a.test",
		"A.Test":                        "a.test",
		"a.test.":                       "a.test",
		"a.test:8443":                   "a.test",
		"a.test.:8443":                  "a.test",
		"a_b.test":                      "a_b.test",
		"127.0.0.1:80":                  "127.0.0.1",
		"[::1]":                         "[::1]",
		"[::1]:80":                      "[::1]",
		"[2001:DB8:0:0::1]":             "[2001:db8::1]",
		"localhost":                     "localhost",
		strings.Repeat("a", 63):         strings.Repeat("a", 63),
		"xn--bcher-kva.example:1":       "xn--bcher-kva.example",
		"orders.shop.svc.cluster.local": "orders.shop.svc.cluster.local",
	} {
		if h, err := policy.ParseHost(authority); err != nil || h.String() != want {
			t.Errorf("ParseHost(%q) = %q, %v; want %q", authority, h, err, want)
		}
	}
}

func TestParseHostRefuses(t *testing.T) {
	for _, authority := range []string{
		"", ".", "..", "a..b", ".a", "a.test..", "a.test,b.test", "a.test, b.test", "user@a.test", "user:pw@a.test", "a.test@b.test",
		"a.test:", "a.test:0", "a.test:65536", "a.test:+80", "a.test:8a", "a.test:80:80", "a.test:000080", "a test", "a.test/", "a.test?x", "a.test#x",
		"a\x00b", "a\tb", "a\r\nb", "caf\xc3\xa9", "\xe9", "a%2etest", "a!b", "a*b", "*", "::1", "[::1", "::1]", "[::1]x", "[::1]:", "[fe80::1%25eth0]", "[fe80::1%eth0]",
		"[127.0.0.1]", "[]", "[a.test]", "a;b", "a\\b", strings.Repeat("a", 64), strings.Repeat("a.", 130) + "a",
	} {
		if h, err := policy.ParseHost(authority); !errors.Is(err, policy.ErrHost) || h.String() != "" {
			t.Errorf("ParseHost(%q) = %q, %v", authority, h, err)
		}
	}
}

func FuzzParseHost(f *testing.F) {
	for _, seed := range []string{"a.test:80", "[::1]:80", "A.", "a,b", "u@h", "[::ffff:1.2.3.4]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, authority string) {
		h, err := policy.ParseHost(authority)
		if err != nil {
			if h != (policy.Host{}) {
				t.Fatalf("%q: a host with the error", authority)
			}
			return
		}
		if again, err := policy.ParseHost(h.String()); err != nil || again != h {
			t.Fatalf("%q is %q, which is %q, %v", authority, h, again, err)
		}
	})
}

func TestParseMethod(t *testing.T) {
	for _, name := range []string{"GET", "get", "FOO", "M-SEARCH", "VERSION-CONTROL"} {
		if m, err := policy.ParseMethod(name); err != nil || m.String() != name {
			t.Errorf("ParseMethod(%q) = %q, %v", name, m, err)
		}
	}
	for _, name := range []string{"", " GET", "GET ", "GE T", "GET\x00", "GET/", "G\xc3\x89T", "GET,POST", strings.Repeat("A", 33)} {
		if m, err := policy.ParseMethod(name); !errors.Is(err, policy.ErrMethod) || m != (policy.Method{}) {
			t.Errorf("ParseMethod(%q) = %q, %v", name, m, err)
		}
	}
}
