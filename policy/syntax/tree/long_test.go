package tree_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postern/postern/policy/syntax/tree"
)

// BenchmarkLongLine is of one line with many values: twice as long must take twice as long.
func BenchmarkLongLine(b *testing.B) {
	for name, item := range map[string]string{"double": `"x", `, "single": `'x', `, "escapes": `"\n", `, "plain": `x, `, "lists": `[x], `, "mappings": `{"a": b}, `} {
		for _, n := range []int{10_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				text := []byte("a: [" + strings.Repeat(item, n) + "x]\n")
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					parts, _ := tree.Split(text)
					if _, faults := tree.Read(parts[0]); len(faults) > 0 {
						b.Fatal(faults)
					}
				}
			})
		}
	}
}
