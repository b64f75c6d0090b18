package syntax

import (
	"fmt"
	"time"

	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/postern/postern/policy/syntax/tree"
)

// A MeshPolicy is the spec of the kind of that name: what no service's policy can loosen.
type MeshPolicy struct {
	Guardrails []Guardrail
	Onboarding []Onboarding
}

// Onboarding lets requests to these workloads through that nothing allows, until a time.
type Onboarding struct {
	Position  Position
	Workloads []Text
	Until     time.Time
}

var meshPolicyShape = shapeOf(grammar.Object{
	What: "the spec of a MeshPolicy",
	Says: "What holds beside every ServicePolicy, and what no one can loosen there.",
	Fields: []grammar.Field{
		{Name: "guardrails", Value: listOfObjects(guardrailShape), Says: "Denies and requirements. Every one that matches a request applies."},
		{Name: "onboarding", Value: listOfObjects(onboardingShape), Says: "Workloads for which what nothing allows is let through and recorded, until a time."},
	},
})

var onboardingShape = shapeOf(grammar.Object{
	What: "an onboarding",
	Says: "Lets requests through that nothing allows, and records them. What a deny or a guardrail denies is denied all the same.",
	Fields: []grammar.Field{
		{Name: "workloads", Need: grammar.Required, Value: listOf(patternText), Says: "Patterns of the SPIFFE IDs of the workloads that are being brought under policy."},
		{Name: "until", Need: grammar.Required, Value: scalar(timeScalar), Says: "When it ends; at most 90 days after it is loaded."},
	},
})

func (r *reader) meshPolicy(n *tree.Node) *MeshPolicy {
	o := r.object(n, meshPolicyShape)
	if o.node == nil {
		return nil
	}
	p := &MeshPolicy{}
	items := r.items(o.get("guardrails"))
	seen := newSeen(len(items))
	for i := range items {
		g := scope{reader: r, mesh: true}.guardrail(&items[i])
		if line := seen.add(g.Name); line > 0 {
			r.errors.Add(&Error{g.Name.Position, fmt.Sprintf("a guardrail named %s stands in line %d already", quote(g.Name.Value), line)})
		}
		p.Guardrails = append(p.Guardrails, g)
	}
	items = r.items(o.get("onboarding"))
	for i := range items {
		p.Onboarding = append(p.Onboarding, r.onboarding(&items[i]))
	}
	return p
}

func (r *reader) onboarding(n *tree.Node) Onboarding {
	o := r.object(n, onboardingShape)
	return Onboarding{
		Position:  r.position(n),
		Workloads: r.texts(o.get("workloads"), checkPattern),
		Until:     r.timestamp(o.get("until")),
	}
}
