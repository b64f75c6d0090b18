package format_test

import (
	"strings"
	"testing"

	"github.com/postern/postern/policy/format"
)

// TestFormOfBytes is for texts that cannot stand in an archive as they are.
func TestFormOfBytes(t *testing.T) {
	long := strings.Repeat("k", 990)
	for _, tc := range []struct{ name, text, want string }{
		{"lines that end as on Windows", "a: b\r\nc: |\r\n  d\r\n\r\ne: f # g\r\n", "a: b\nc: |\n  d\n\ne: f # g\n"},
		{"spaces at the end of lines", "a: b  \n# c  \n\nd:   # e  \n  - f  \n", "a: b\n# c\n\nd: # e\n- f\n"},
		{"no line end at the end", "a: b", "a: b\n"},
		{"no line end at the end of a text", "a: |\n  b", "a: |-\n  b\n"},
		{"no line end behind the blank lines of a text", "a: |+\n  b\n\n  ", "a: |+\n  b\n\n"},
		{"no line end at the end of a comment", "a: b\n# c", "a: b\n# c\n"},
		{"no line end behind a sign", "a: >", "a: >\n"},
		{"an invisible space", "a: \"b\u00a0c\"\nd\u00a0e: f\n", "a: \"b\\xA0c\"\n\"d\\xA0e\": f\n"},
		{"an invisible joiner", "a: b\u200dc\n", "a: \"b\\u200Dc\"\n"},
		{"letters of other scripts", "ä: 'ö ü'\n", "ä: ö ü\n"},
		{"a key that escapes would make too long", "'" + long + "\u200d\u200d\u200d': a\n", "'" + long + "\u200d\u200d\u200d': a\n"},
		{"nothing", "", ""},
		{"blank lines alone", "\n \n", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := form(t, tc.text); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if got := form(t, tc.want); got != tc.want {
				t.Errorf("the form %q has another one: %q", tc.want, got)
			}
		})
	}
}

func TestNotRead(t *testing.T) {
	for _, text := range []string{"a: [\n", "a: b\na: c\n", "a: b\n---\n\tc: d\n", "a: b\n--- c\n", "a: b\n---\n- c\nd: e\n", "... \n"} {
		if got, ok := format.LayOut(text); ok || got != "" {
			t.Errorf("%q is formatted: %q", text, got)
		}
	}
}

// TestSame is of the comparison that every result has to pass.
func TestSame(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{"a: b\nc: [d, 'e']\n", "c:\n- d\n- e\n'a': \"b\"\n", true},
		{"a: b # c\n# d\ne: f\n", "# d\ne: f\na: b\n# c\n", true},
		{"a: b\n---\n# c\n", "a: b\n---\n# c\n", true},
		{"a: {b: c, d: [e]}\n", "a: {d: [e], b: c}\n", true},
		{"a: b\n", "a: c\n", false},
		{"a: b\n", "b: b\n", false},
		{"a: b\n", "a: b\nc: d\n", false},
		{"a: b\nc: d\n", "a: b\n", false},
		{"a: b\nc: d\n", "c: b\na: d\n", false},
		{"a: [b, c]\n", "a: [c, b]\n", false},
		{"a: 1\n", "a: '1'\n", false},
		{"a: true\n", "a: 'true'\n", false},
		{"a:\n", "a: ''\n", false},
		{"a: []\n", "a: {}\n", false},
		{"a: b # c\n", "a: b\n", false},
		{"a: b\n", "a: b # c\n", false},
		{"a: b # c\nd: e # c\n", "a: b # c\nd: e\n", false},
		{"a: b\n---\nc: d\n", "c: d\n---\na: b\n", false},
		{"a: b\n---\nc: d\n", "a: b\n", false},
		{"a: b\n---\n# c\n", "a: b\n# c\n", false},
		{"a: b\n", "a: [\n", false},
	} {
		if got := format.Same(tc.a, tc.b); got != tc.want {
			t.Errorf("%q and %q: %v, want %v", tc.a, tc.b, got, tc.want)
		}
	}
}
