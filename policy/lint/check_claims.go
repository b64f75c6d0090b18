package lint

import (
	"slices"
	"strings"
)

// checkClaims finds names of claims that look like paths. A string is one name, dots included, so
// that what was meant as a path leads to no claim, and nobody has roles or scopes.
func (w *world) checkClaims() {
	for _, p := range w.providers {
		m := &p.from.Claims
		for _, field := range []struct {
			name string
			path []string
		}{{"subject", m.Subject}, {"client", m.Client}, {"scopes", m.Scopes}, {"roles", m.Roles}} {
			if len(field.path) != 1 || !looksLikePath(field.path[0]) {
				continue
			}
			name := field.path[0]
			w.addAt(DottedClaim, p.at, "claims.%s: %s is one claim of that name: write [%s] if it is a path", field.name, name, strings.ReplaceAll(name, ".", ", "))
		}
	}
}

// looksLikePath says that a name is several with dots between them, and no URL: those are names of
// claims that issuers do have.
func looksLikePath(name string) bool {
	parts := strings.Split(name, ".")
	return len(parts) > 1 && !slices.Contains(parts, "") && !strings.Contains(name, "/")
}
