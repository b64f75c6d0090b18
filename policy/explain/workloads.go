package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postern/postern/policy/syntax"
)

// Among says whether the policy of a record is one of some documents. The error is that it is not.
// A request without a route has none.
func (r Record) Among(documents []syntax.Document) error {
	if r.Policy() == "" || slices.ContainsFunc(documents, func(d syntax.Document) bool { return isPolicy(&d, r.Policy()) }) {
		return nil
	}
	return fmt.Errorf("the record is of %s, which is not here", show(r.Policy()))
}

// isPolicy says that a document is the ServicePolicy of a name, namespace/name.
func isPolicy(d *syntax.Document, name string) bool {
	return d.ServicePolicy != nil && name == d.Namespace+"/"+d.Name
}

// Workloads returns the SPIFFE IDs that policies name without a wildcard as those whom they
// protect, sorted: every ServicePolicy, or the one that is called policy (namespace/name).
func Workloads(documents []syntax.Document, policy string) []string {
	var all []string
	for i := range documents {
		d := &documents[i]
		if d.ServicePolicy == nil || policy != "" && !isPolicy(d, policy) {
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
