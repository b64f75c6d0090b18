package explain

import (
	"slices"
	"strings"

	"github.com/postern/postern/policy/syntax"
)

// Workloads returns the SPIFFE IDs that policies name without a wildcard as those whom they
// protect, sorted: every ServicePolicy, or the one that is called policy (namespace/name).
func Workloads(documents []syntax.Document, policy string) []string {
	var all []string
	for i := range documents {
		d := &documents[i]
		if d.ServicePolicy == nil || policy != "" && policy != d.Namespace+"/"+d.Name {
			continue
		}
		for _, w := range d.ServicePolicy.Workloads {
			if !strings.Contains(w.Value, "*") {
				all = append(all, w.Value)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
