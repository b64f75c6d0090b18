package world

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	keysFile = "keys.json"
	page     = 500 // routes in one document: files of a size that people keep
)

// A Size is how large a policy is. The zero Size is the least.
type Size struct {
	Rules     int // in all; at least the 3 that are asked for
	Providers int // in all, all of them accepted by the rules that want a token; at least 1
}

// Policies writes the policies of Orders into a new folder of that name and returns it. The
// rules that are asked for stand in the middle of all, and so does the one provider that
// issues tokens among the others.
func (w *World) Policies(name string, size Size) (string, error) {
	dir := filepath.Join(w.Dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	keys, err := os.ReadFile(w.JWKS)
	if err != nil {
		return "", err
	}
	if _, err := write(dir, keysFile, keys); err != nil {
		return "", err
	}
	names, documents := providers(max(1, size.Providers))
	if _, err := write(dir, "providers.yaml", []byte(documents)); err != nil {
		return "", err
	}
	more := max(0, size.Rules-3)
	asked := false
	for n := 0; n < more || !asked; n += page {
		var out strings.Builder
		fmt.Fprintf(&out, "apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: orders-%d, namespace: shop}\nspec:\n  workloads: [%s]\n  routes:\n", n/page, Orders)
		for i := n; i < min(n+page, more); i++ {
			out.WriteString(filler(i, names))
		}
		if !asked && n+page > more/2 {
			asked = true
			out.WriteString(rules(names))
		}
		if _, err := write(dir, fmt.Sprintf("orders-%d.yaml", n/page), []byte(out.String())); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// rules are those that are asked for.
func rules(providers string) string {
	const format = `  - name: mtls
    http: {methods: [GET], path: "/mtls/orders/{id}"}
    allow: [{callers: [%[1]s]}]
  - name: jwt
    http: {methods: [GET], path: "/jwt/orders/{id}"}
    allow: [{callers: [%[1]s], user: {provider: [%[2]s], scopes: %[3]s}}]
  - name: owned
    http: {methods: [GET], path: "/owned/{customer_id}/orders"}
    allow: [{callers: [%[1]s], user: {provider: [%[2]s], scopes: %[3]s}, when: user.claims.customer_id == params.customer_id}]
`
	return fmt.Sprintf(format, Web, providers, Scope)
}

// filler is the i-th rule that nobody asks for: an interface with a hundred resources a service.
func filler(i int, providers string) string {
	user := ""
	if i%2 == 1 {
		user = fmt.Sprintf(", user: {provider: [%s], scopes: res%d:read}", providers, i%100)
	}
	return fmt.Sprintf("  - name: r%[1]d\n    http: {methods: [GET], path: \"/svc%[2]d/v1/res%[3]d/{id}\"}\n    allow: [{callers: [%[4]s]%[5]s}]\n",
		i, i/100, i%100, Web, user)
}

// providers returns n of them, the one that issues tokens in the middle, and their names.
func providers(n int) (names, documents string) {
	var out strings.Builder
	var all []string
	for i := range n {
		name, issuer := fmt.Sprintf("p%d", i), fmt.Sprintf("https://idp-%d.test", i)
		if i == n/2 {
			name, issuer = "idp", Issuer
		}
		all = append(all, name)
		fmt.Fprintf(&out, "---\napiVersion: postern.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {name: %s}\nspec:\n"+
			"  jwt: {issuer: %q, audiences: [%s], algorithms: [ES256, RS256], jwks: {file: %s}}\n", name, issuer, Audience, keysFile)
	}
	return strings.Join(all, ", "), out.String()
}
