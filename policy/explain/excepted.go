package explain

import (
	"slices"

	"github.com/postern/postern/policy/pattern"
	"github.com/postern/postern/policy/syntax"
)

// excepted returns the guardrails that name the workload and leave it out for any request, of
// which its set knows nothing.
func excepted(documents []syntax.Document, workload string) []Guardrail {
	var all []Guardrail
	for i := range documents {
		if documents[i].MeshPolicy == nil {
			continue
		}
		for _, g := range documents[i].MeshPolicy.Guardrails {
			if !names(g.Workloads, workload) || !slices.ContainsFunc(g.Except, func(e syntax.Except) bool {
				return e.HTTP == nil && e.GRPC == nil && names(e.Workloads, workload)
			}) {
				continue
			}
			effect := "require"
			if g.Deny != nil {
				effect = "deny"
			}
			all = append(all, Guardrail{Name: g.Name.Value, At: g.Position.String(), Effect: effect, Why: "an except takes this workload out"})
		}
	}
	return all
}

// names says that one of the patterns matches an ID.
func names(patterns []syntax.Text, id string) bool {
	return slices.ContainsFunc(patterns, func(t syntax.Text) bool {
		p, err := pattern.Parse(t.Value)
		return err == nil && p.Match(id)
	})
}
