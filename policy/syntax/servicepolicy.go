package syntax

import (
	"errors"
	"strings"

	"github.com/postern/postern/policy/pattern"
	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/postern/postern/policy/syntax/tree"
)

var servicePolicyShape = shapeOf(grammar.Object{
	What: "the spec of a ServicePolicy",
	Says: "The routes of the workloads that it protects, and who may use them. What nothing allows is denied.",
	Fields: []grammar.Field{
		{Name: "workloads", Need: grammar.Required, Value: listOf(patternText), Says: "Patterns of the SPIFFE IDs of the workloads that it protects."},
		{Name: "groups", Value: mapOf(labelText, listOf(patternText)), Says: "Names for several callers, each a list of patterns. A rule names one as `group:NAME`."},
		{Name: "upstream", Value: mapping(upstreamShape), Says: "How the workload learns who was verified. Left out: by headers."},
		{Name: "deny", Value: listOfObjects(denyShape), Says: "Denies that hold for every request to these workloads, with a route or without."},
		{Name: "routes", Value: listOfObjects(routeShape), Says: "The places that a request can go."},
	},
})

// A scope is a reader of one policy, whose rules may name its groups.
type scope struct {
	*reader
	groups []string
	mesh   bool // a MeshPolicy, which has none
}

func (r *reader) servicePolicy(n *tree.Node) *ServicePolicy {
	o := r.object(n, servicePolicyShape)
	if o.node == nil {
		return nil
	}
	p := &ServicePolicy{
		Workloads: r.texts(o.get("workloads"), checkPattern),
		Groups:    r.groups(o.get("groups")),
		Upstream:  r.upstream(o.get("upstream")),
	}
	s := scope{reader: r}
	for _, g := range p.Groups {
		s.groups = append(s.groups, g.Name.Value)
	}
	p.Deny = s.rules(o.get("deny"), denyShape)
	uniqueNames(r, "rule", p.Deny)
	p.Routes = s.routes(o.get("routes"))
	return p
}

// checkPattern takes the pattern of a SPIFFE ID.
func checkPattern(s string) error {
	if s == anyone || strings.HasPrefix(s, groupPrefix) {
		return errors.New("only a rule's callers may name " + s + ": write SPIFFE ID patterns here")
	}
	_, err := pattern.Parse(s)
	return err
}

func (r *reader) groups(n *tree.Node) []Group {
	switch {
	case n == nil:
		return nil
	case n.Kind != tree.Mapping:
		r.fail(n, "expected groups (a mapping of names to lists of SPIFFE ID patterns), found %s", found(n))
		return nil
	}
	var groups []Group
	for key, value := range n.Fields() {
		groups = append(groups, Group{Name: r.text(key, checkLabel), Callers: r.texts(value, checkPattern)})
	}
	return groups
}
