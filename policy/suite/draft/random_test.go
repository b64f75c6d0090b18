package draft_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/suite/coverage"
	"github.com/postern/postern/policy/suite/draft"
	"github.com/postern/postern/policy/syntax"
)

const target = "spiffe://a.test/ns/b/sa/c"

// TestWhatIsWrittenPasses writes tests of random policies and runs them. Random policies are odd:
// rules contradict each other, and guardrails what they allow. Few of their conjuncts may be left
// unexercised for all that.
func TestWhatIsWrittenPasses(t *testing.T) {
	seed := rand.Uint64()
	n := 120
	if testing.Short() {
		n = 30
	}
	seen, all, tests, loaded := 0, 0, 0, 0
	for i := range n {
		d := dice{rand.New(rand.NewPCG(seed, uint64(i)))}
		text := d.documents()
		documents, err := syntax.Parse("random.yaml", []byte(text))
		if err != nil {
			t.Fatalf("%s\n%v", text, err)
		}
		if _, err := policy.Compile(documents, policy.Options{Workload: target, Now: now}); err != nil {
			continue // overlapping paths
		}
		loaded++
		o := draft.Options{Options: suite.Options{Now: now}, Workloads: []string{target}}
		written, err := draft.Write(documents, o)
		if err != nil {
			t.Fatalf("seed %d, %d:\n%s\n%v", seed, i, text, err)
		}
		r := run(t, documents, written)
		seen, all, tests = seen+r.Seen, all+r.All, tests+written.Tests
	}
	t.Logf("seed %d: %d policies, %d tests, %d of %d outcomes seen", seed, loaded, tests, seen, all)
	if loaded < n/3 || seen*100 < all*70 {
		t.Errorf("seed %d: of %d policies %d load, and %d of %d outcomes are seen", seed, n, loaded, seen, all)
	}
}

// run parses what was written as a file of its own, and runs it beside the policies.
func run(t *testing.T, documents []syntax.Document, d *draft.Draft) *coverage.Report {
	t.Helper()
	tests, err := syntax.Parse("written.yaml", d.Text)
	if err != nil {
		t.Fatalf("%s\n%v", d.Text, err)
	}
	together := append(documents[:len(documents):len(documents)], tests...)
	s, err := suite.New(together, suite.Options{Now: now})
	if err != nil {
		t.Fatalf("%s\n%v", d.Text, err)
	}
	results := s.Run(nil)
	for i := range results {
		if !results[i].Passed() {
			t.Fatalf("%s\n%s: %v", d.Text, results[i].Name, results[i].Differs)
		}
	}
	if len(results) != d.Tests {
		t.Fatalf("%d tests, and %d were told of", len(results), d.Tests)
	}
	return coverage.Measure(documents, results)
}

// A dice makes documents.
type dice struct{ *rand.Rand }

func (d dice) documents() string {
	var b strings.Builder
	for i := range 1 + d.IntN(2) {
		fmt.Fprintf(&b, "apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: p%d, namespace: b}\nspec:\n", i)
		b.WriteString("  workloads: [spiffe://a.test/ns/b/sa/c]\n  groups: {both: [spiffe://a.test/web, \"spiffe://a.test/ns/*/sa/web\"]}\n")
		b.WriteString(d.rules("  ", "deny", d.IntN(2), "p"))
		b.WriteString("  routes:\n")
		for j := range 1 + d.IntN(3) {
			fmt.Fprintf(&b, "  - name: r%d\n    %s\n", j, d.match(10*i+j))
			b.WriteString(d.rules("    ", "allow", d.IntN(3), "a") + d.rules("    ", "deny", d.IntN(2), "d"))
		}
		b.WriteString("---\n")
	}
	if d.IntN(2) == 0 {
		b.WriteString(d.mesh() + "---\n")
	}
	for _, p := range []string{"idp", "other"} {
		fmt.Fprintf(&b, "apiVersion: postern.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {name: %s}\nspec:\n", p)
		fmt.Fprintf(&b, "  jwt: {issuer: https://%s.test/, audiences: [one, two], algorithms: [RS256], jwks: {discovery: true}}\n", p)
		b.WriteString("  claims: {roles: [realm, roles], scopes: scp}\n")
		if p == "other" {
			b.WriteString("---\n")
			break
		}
		b.WriteString("  from: {header: x-token}\n---\n")
	}
	return strings.TrimSuffix(b.String(), "---\n")
}

func (d dice) mesh() string {
	var b strings.Builder
	b.WriteString("apiVersion: postern.dev/v1alpha1\nkind: MeshPolicy\nmetadata: {name: m}\nspec:\n  guardrails:\n")
	for i := range 1 + d.IntN(2) {
		fmt.Fprintf(&b, "  - name: g%d\n    workloads: [%s]\n", i, d.one(`"spiffe://a.test/**"`, target, "spiffe://a.test/x"))
		b.WriteString(d.one("", "", "    http: {methods: [GET]}\n", "    http: {path: \"/{x...}\"}\n", "    grpc: {service: s.S}\n"))
		fmt.Fprintf(&b, "    %s: %s\n", d.one("deny", "require"), d.rule(false, ""))
	}
	if d.IntN(4) == 0 {
		b.WriteString("  onboarding:\n  - {workloads: [\"spiffe://a.test/**\"], until: 2026-12-01T00:00:00Z}\n")
	}
	return b.String()
}

func (d dice) match(n int) string {
	switch d.IntN(6) {
	case 0:
		return fmt.Sprintf("grpc: {service: s.S%d, methods: [%s]}", n, d.one("M", `"*"`, "A, B"))
	case 1:
		return fmt.Sprintf("http: {methods: [GET], path: \"/u%d/{rest...}\", upgrade: [websocket]}", n)
	case 2:
		return fmt.Sprintf("http: {methods: [\"*\"], path: \"/ä ö/%d/{id}\", hosts: [a.test]}", n)
	case 3:
		return fmt.Sprintf("http: {methods: [%s], path: /%d}", d.one("GET", "PUT, POST"), n%10)
	}
	return fmt.Sprintf("http: {methods: [GET], path: \"/o%d/{id}/%s\"}", n, d.one("", "{sub}", "x"))
}

func (d dice) rules(indent, list string, n int, name string) string {
	if n == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(indent + list + ":\n")
	for i := range n {
		b.WriteString(indent + "- " + d.rule(list == "allow", d.one("", fmt.Sprintf("%s%d", name, i))) + "\n")
	}
	return b.String()
}

func (d dice) rule(allow bool, name string) string {
	var parts []string
	add := func(of int, text string) {
		if d.IntN(of) == 0 {
			parts = append(parts, text)
		}
	}
	if name != "" {
		parts = append(parts, "name: "+name)
	}
	callers := "callers: [" + d.one("anyone", "group:both", "spiffe://a.test/web", `"spiffe://b.test/**"`, `"spiffe://a.test/*/x", spiffe://a.test/y`) + "]"
	if allow {
		parts = append(parts, callers)
	} else {
		callers = strings.ReplaceAll(strings.ReplaceAll(callers, "anyone", "spiffe://a.test/z"), "group:both", "spiffe://a.test/web")
		add(3, callers)
	}
	add(2, "user: "+d.user())
	add(4, "headers: {"+d.one("x-a: v", "x-a: {present: true}", "x-b: {present: false}", "x-a: {any: [v, w]}, x-b: u", `x-a: {all: [v, "w: #"]}`)+"}")
	add(5, "source: ["+d.one("10.0.0.0/8", "192.0.2.0/24, 2001:db8::/32", "0.0.0.0/0", "127.0.0.1/32")+"]")
	add(5, "when: "+d.condition())
	if len(parts) == 0 || len(parts) == 1 && name != "" {
		parts = append(parts, "headers: {x-c: d}")
	}
	if name != "" {
		add(6, "shadow: true")
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func (d dice) user() string {
	parts := []string{"provider: " + d.one("idp", "other", "[idp, other]")}
	for _, field := range []string{
		"subjects: {any: [ann, bob]}", "clients: app", "audiences: two", "scopes: a:b", "scopes: {all: [a:b, c:d]}", "roles: {any: [r, s]}",
		"acr: {any: [x, z]}", "acr: \"0\"", "amr: otp", "amr: {all: [pwd, otp]}", "maxAge: 5m", "maxAge: 8760h", "bound: mtls",
	} {
		name, _, _ := strings.Cut(field, ":")
		if d.IntN(6) == 0 && !strings.Contains(strings.Join(parts, " "), name+":") {
			parts = append(parts, field)
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// condition has one that nothing guesses, too.
func (d dice) condition() string {
	return d.one(`"user.claims.level == \"x\""`, `"'r' in user.roles"`, `"'v' in header('x-a')"`, `request.method == "GET"`, `"user.claims.a.b == 7"`,
		`"request.time < timestamp('2026-06-01T00:00:00Z')"`, `"!('a:b' in user.scopes) || caller.trust_domain == 'b.test'"`, `"size(user.claims) > 100"`,
		`"user.actors[0].subject == caller.id"`, `"'batch' == user.actors[0].subject"`)
}

func (d dice) one(of ...string) string { return of[d.IntN(len(of))] }
