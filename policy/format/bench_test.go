package format_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/policy/format"
)

func BenchmarkSource(b *testing.B) {
	text := []byte(read(b, "../../e2e/demo/policies/orders.yaml"))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := format.Source("orders.yaml", text); err != nil {
			b.Fatal(err)
		}
	}
}

// TestTime holds that no text takes long for its size.
func TestTime(t *testing.T) {
	const size = 1 << 17
	repeat := func(s string) string { return strings.Repeat(s, size/len(s)) }
	var names strings.Builder
	for i := range 3_000 {
		fmt.Fprintf(&names, "  name-%d: {a: b, c: [d]} # e\n", i)
	}
	for name, text := range map[string]string{
		"comments":                 repeat("# a\n"),
		"comments below":           "a:\n- b:\n  - c\n" + repeat("    # d\n  # e\n"),
		"comments beside":          repeat("- a # b\n"),
		"comments that go on":      "a: # b\n" + repeat("   # c\n"),
		"blank lines":              "a: b\n" + repeat("\n") + "c: d\n",
		"brackets on one line":     "a: [" + repeat("{b: [c]}, ") + "]\n",
		"brackets in brackets":     strings.Repeat("[", 31) + repeat("aaaa,") + strings.Repeat("]", 31) + "\n",
		"comments in brackets":     "a: [" + repeat(" # b\n c,") + "]\n",
		"documents":                strings.Repeat("a: b # c\n---\n", 2_000),
		"names":                    "a:\n" + names.String(),
		"a text":                   "a: |\n" + repeat("  b\n\n"),
		"strings to escape":        "a: [" + repeat("\"\\u200d\", ") + "]\n",
		"an item in an item":       repeat("- - - - - - a\n"),
		"one long string":          "a: \"" + repeat("\\\"b'") + "\"\n",
		"a wide line after others": repeat("- a # b\n- " + strings.Repeat("c", 90) + " # d\n"),
	} {
		begin := time.Now()
		if _, ok := format.LayOut(text); !ok {
			t.Errorf("%s: not read", name)
		}
		if d := time.Since(begin); d > 10*time.Second {
			t.Errorf("%s: %v", name, d)
		}
	}
}
