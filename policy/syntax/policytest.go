package syntax

import "github.com/postern/postern/policy/syntax/tree"

// A PolicyTest is the spec of the kind of that name: requests, and what must come of them.
type PolicyTest struct {
	Position Position
}

func (r *reader) policyTest(n *tree.Node) *PolicyTest { return &PolicyTest{Position: r.position(n)} }
