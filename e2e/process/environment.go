package process

import (
	"os"
	"slices"
	"strings"
)

// Environment returns our own environment without what would set flags of Postern's or of
// postern-dev's, or point them at a Workload API.
func Environment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "POSTERN_") || strings.HasPrefix(v, "SPIFFE_")
	})
}
