package format_test

import (
	"fmt"
	"strings"
	"testing"

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

// sized returns texts of about so many bytes, each of which is much of one thing.
func sized(size int) map[string]string {
	repeat := func(s string) string { return strings.Repeat(s, size/len(s)) }
	var names strings.Builder
	for i := range size / 40 {
		fmt.Fprintf(&names, "  name-%d: {a: b, c: [d]} # e\n", i)
	}
	return map[string]string{
		"comments":                 repeat("# a\n"),
		"comments below":           "a:\n- b:\n  - c\n" + repeat("    # d\n  # e\n"),
		"comments beside":          repeat("- a # b\n"),
		"comments that go on":      "a: # b\n" + repeat("   # c\n"),
		"blank lines":              "a: b\n" + repeat("\n") + "c: d\n",
		"brackets on one line":     "a: [" + repeat("{b: [c]}, ") + "]\n",
		"brackets in brackets":     strings.Repeat("[", 31) + repeat("aaaa,") + strings.Repeat("]", 31) + "\n",
		"comments in brackets":     "a: [" + repeat(" # b\n c,") + "]\n",
		"documents":                strings.Repeat("a: b # c\n---\n", size/64),
		"names":                    "a:\n" + names.String(),
		"a text":                   "a: |\n" + repeat("  b\n\n"),
		"strings to escape":        "a: [" + repeat("\"\\u200d\", ") + "]\n",
		"an item in an item":       repeat("- - - - - - a\n"),
		"one long string":          "a: \"" + repeat("\\\"b'") + "\"\n",
		"a wide line after others": repeat("- a # b\n- " + strings.Repeat("c", 90) + " # d\n"),
	}
}

func TestMuchOfOneThing(t *testing.T) {
	for name, text := range sized(1 << 12) {
		if _, ok := format.LayOut(text); !ok {
			t.Errorf("%s: not read", name)
		}
	}
}

// BenchmarkSizes shows that twice as much takes about twice as long.
func BenchmarkSizes(b *testing.B) {
	for _, size := range []int{1 << 16, 1 << 17} {
		for name, text := range sized(size) {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					if _, ok := format.LayOut(text); !ok {
						b.Fatal("not read")
					}
				}
			})
		}
	}
}
