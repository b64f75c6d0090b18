package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"testing"
)

// lookers are the only files that may name what looks at a credential without verifying it. No
// file of the authorizer is among them, and of cmd/postern only the one of explain.
var lookers = map[string][]string{
	"UnverifiedClaims": {
		"identity/jose/unverified.go", "identity/jwt/inspect.go", "identity/jwtsvid/inspect.go", "identity/provider/inspect.go",
	},
	"InspectUnverified": {
		"identity/jwt/inspect.go", "identity/jwtsvid/inspect.go", "identity/provider/kind/kind.go", "identity/provider/issuer/inspect.go",
		"identity/provider/trustdomain/inspect.go", "identity/provider/inspect.go", "cmd/postern/explain_inspect.go",
	},
	"ForOwner": {"identity/claims/verified.go"},
	"ReadForOwner": {
		"identity/claims/verified.go", "identity/jwt/inspect.go", "identity/jwtsvid/inspect.go", "policy/suite/user.go",
	},
	"inspected":  {"cmd/postern/explain_inspect.go", "cmd/postern/explain.go"},
	"Inspection": {"identity/provider/inspect.go"},
	"Inspector":  {"identity/provider/kind/kind.go", "identity/provider/issuer/inspect.go", "identity/provider/trustdomain/inspect.go", "identity/provider/inspect.go"},
	"newInspector": {
		"identity/provider/issuer/inspect.go", "identity/provider/issuer/issuer.go",
		"identity/provider/trustdomain/inspect.go", "identity/provider/trustdomain/trustdomain.go",
	},
}

// TestImportsOfTheUnverified holds that nothing that decides can take a token at its word.
func TestImportsOfTheUnverified(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range packages(t) {
		for _, file := range p.GoFiles {
			name := p.path() + "/" + file
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				id, ok := n.(*ast.Ident)
				if !ok || lookers[id.Name] == nil {
					return true
				}
				seen[id.Name] = true
				if !slices.Contains(lookers[id.Name], name) {
					t.Errorf("%s has %s, which verifies nothing: only tools that explain may look so", name, id.Name)
				}
				return true
			})
		}
	}
	for name := range lookers {
		if !seen[name] {
			t.Errorf("nothing is called %s any more: this test holds nothing for it", name)
		}
	}
}
