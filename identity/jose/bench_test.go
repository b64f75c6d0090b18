package jose_test

import (
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// BenchmarkParse is what a token that was never seen costs before anyone looks at its signature.
func BenchmarkParse(b *testing.B) {
	key := minttest.Key(b, "ES256", "k1")
	for name, raw := range map[string]string{
		"common": minttest.Token(b, key, time.Unix(1_800_000_000, 0)),
		"long":   minttest.Token(b, key, time.Unix(1_800_000_000, 0), mint.Set("x", strings.Repeat("x", 5500))),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := jose.Parse(raw, size); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
