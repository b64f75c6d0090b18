package policy_test

import (
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
	"github.com/postern/postern/policy/template"
)

// TestCompileRefuses runs testdata/compile/*.txtar: policies, and the faults that compiling
// them must report, all of them and in order. A file without faults must compile.
func TestCompileRefuses(t *testing.T) {
	files, err := filepath.Glob("testdata/compile/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			documents, want := parseArchive(t, a), strings.TrimSpace(section(t, a, "faults"))
			for range 2 {
				set, err := policy.Compile(documents, options)
				if got := faults(err); got != want {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
				if (set == nil) != (err != nil) {
					t.Errorf("set %v with the error %v", set, err)
				}
				slices.Reverse(documents)
			}
		})
	}
}

// TestCompileBoundsFaults holds that a directory with a great many faults is told of in a page.
func TestCompileBoundsFaults(t *testing.T) {
	p := &syntax.ServicePolicy{Workloads: []syntax.Text{{Value: workload}}}
	for range syntax.MaxErrors + 7 {
		p.Workloads = append(p.Workloads, syntax.Text{Value: "nobody"})
	}
	_, err := policy.Compile([]syntax.Document{{Kind: "ServicePolicy", Name: "many", ServicePolicy: p}}, options)
	lines := strings.Split(faults(err), "\n")
	if len(lines) != syntax.MaxErrors+1 || lines[syntax.MaxErrors] != "and 7 more" {
		t.Errorf("%d lines, of which the last is %q", len(lines), lines[len(lines)-1])
	}
}

// TestCompileRefusesWhatParsingWould holds that documents that were not parsed loosen nothing.
func TestCompileRefusesWhatParsingWould(t *testing.T) {
	text := func(s string) []syntax.Text { return []syntax.Text{{Value: s}} }
	empty, nobody := []syntax.Rule{{}}, []syntax.Rule{{Callers: text("group:nobody")}}
	route := func(edit func(*syntax.Route)) *syntax.ServicePolicy {
		r := syntax.Route{HTTP: &syntax.HTTP{Methods: text("GET"), Path: syntax.Text{Value: "/"}}}
		edit(&r)
		return &syntax.ServicePolicy{Workloads: text(workload), Routes: []syntax.Route{r}}
	}
	if _, err := policy.Compile([]syntax.Document{{ServicePolicy: route(func(*syntax.Route) {})}}, options); err != nil {
		t.Fatalf("the cases differ from a policy that does not compile: %v", err)
	}
	for name, p := range map[string]*syntax.ServicePolicy{
		"a deny that names nothing":   {Workloads: text(workload), Deny: empty},
		"a deny of an unknown group":  {Workloads: text(workload), Deny: nobody},
		"an allow that names nothing": route(func(r *syntax.Route) { r.Allow = empty }),
		"an allow without callers":    route(func(r *syntax.Route) { r.Allow = []syntax.Rule{{User: &syntax.User{}}} }),
		"an unknown group":            route(func(r *syntax.Route) { r.Allow = nobody }),
		"a route of nothing":          route(func(r *syntax.Route) { r.HTTP = nil }),
		"a route of both":             route(func(r *syntax.Route) { r.GRPC = &syntax.GRPC{} }),
		"a host with a last dot":      route(func(r *syntax.Route) { r.HTTP.Hosts = text("a.test.") }),
		"a host with a port":          route(func(r *syntax.Route) { r.HTTP.Hosts = text("a.test:1") }),
		"a workload that is none":     {Workloads: text("nobody")},
	} {
		if set, err := policy.Compile([]syntax.Document{{ServicePolicy: p}}, options); set != nil || err == nil {
			t.Errorf("%s: compiled", name)
		}
	}
}

// TestCompileRefusesGuardrailsThatParsingWould is the same for what would loosen a guardrail.
func TestCompileRefusesGuardrailsThatParsingWould(t *testing.T) {
	text := func(s string) []syntax.Text { return []syntax.Text{{Value: s}} }
	rule := &syntax.Rule{Callers: text("anyone")}
	guardrail := func(edit func(*syntax.Guardrail)) *syntax.MeshPolicy {
		g := syntax.Guardrail{Workloads: text(workload), HTTP: &syntax.GuardHTTP{Path: syntax.Text{Value: "/"}}, Deny: rule}
		edit(&g)
		return &syntax.MeshPolicy{Guardrails: []syntax.Guardrail{g}}
	}
	except := func(e syntax.Except) func(*syntax.Guardrail) {
		return func(g *syntax.Guardrail) { g.Except = []syntax.Except{e} }
	}
	if _, err := policy.Compile([]syntax.Document{{MeshPolicy: guardrail(func(*syntax.Guardrail) {})}}, options); err != nil {
		t.Fatalf("the cases differ from a guardrail that does not compile: %v", err)
	}
	for name, p := range map[string]*syntax.MeshPolicy{
		"neither":                  guardrail(func(g *syntax.Guardrail) { g.Deny = nil }),
		"both":                     guardrail(func(g *syntax.Guardrail) { g.Require = rule }),
		"no workloads":             guardrail(func(g *syntax.Guardrail) { g.Workloads = nil }),
		"a workload that is none":  guardrail(func(g *syntax.Guardrail) { g.Workloads = text("nobody") }),
		"a rule of nothing":        guardrail(func(g *syntax.Guardrail) { g.Deny = &syntax.Rule{} }),
		"a rule of a group":        guardrail(func(g *syntax.Guardrail) { g.Deny = &syntax.Rule{Callers: text("group:x")} }),
		"a path that is none":      guardrail(func(g *syntax.Guardrail) { g.HTTP.Path.Value = "x" }),
		"a host that is none":      guardrail(func(g *syntax.Guardrail) { g.HTTP.Hosts = text("a,b") }),
		"a service without a name": guardrail(func(g *syntax.Guardrail) { g.HTTP, g.GRPC = nil, &syntax.GuardGRPC{} }),
		"an except of nothing":     guardrail(except(syntax.Except{})),
		"an except of any path":    guardrail(except(syntax.Except{HTTP: &syntax.GuardHTTP{}})),
		"an except of any service": guardrail(except(syntax.Except{GRPC: &syntax.GuardGRPC{}})),
		"an unknown provider":      guardrail(func(g *syntax.Guardrail) { g.Deny = &syntax.Rule{User: &syntax.User{Providers: text("x")}} }),
	} {
		if set, err := policy.Compile([]syntax.Document{{MeshPolicy: p}}, options); set != nil || err == nil {
			t.Errorf("%s: compiled", name)
		}
	}
}

// TestCompileBoundsConditions holds that what one request may evaluate is bounded, wherever the
// conditions stand.
func TestCompileBoundsConditions(t *testing.T) {
	rules := func(n int) []syntax.Rule {
		var all []syntax.Rule
		for i := range n {
			all = append(all, syntax.Rule{
				Position: syntax.Position{Source: "a.yaml", Line: i + 1, Column: 1}, Callers: []syntax.Text{{Value: "anyone"}},
				When: &syntax.Condition{Text: fmt.Sprintf(`user.claims.groups.exists(g, g == "%d")`, i)},
			})
		}
		return all
	}
	set := func(everywhere, allow, deny int) error {
		at := syntax.Position{Source: "a.yaml", Line: 99, Column: 5}
		_, err := policy.Compile([]syntax.Document{{ServicePolicy: &syntax.ServicePolicy{
			Workloads: []syntax.Text{{Value: workload}}, Deny: rules(everywhere),
			Routes: []syntax.Route{{
				Position: at, HTTP: &syntax.HTTP{Methods: []syntax.Text{{Value: "GET"}}, Path: syntax.Text{Value: "/"}},
				Allow: rules(allow), Deny: rules(deny),
			}},
		}}}, options)
		return err
	}
	if err := set(5, 10, 10); err != nil {
		t.Errorf("25 costly conditions: %v", err)
	}
	for _, tc := range [][3]int{{6, 10, 10}, {0, 26, 0}, {0, 0, 26}, {26, 0, 0}} {
		if err := set(tc[0], tc[1], tc[2]); err == nil || !strings.HasPrefix(err.Error(), "a.yaml:99:5: the conditions that one request to this route may evaluate could cost 520000 together") {
			t.Errorf("%v costly conditions: %v", tc, err)
		}
	}
}

// TestCatalog holds that a set that comes from a catalog is the one that Compile makes, and that
// making one leaves the others as they are.
func TestCatalog(t *testing.T) {
	a, err := txtar.ParseFile("testdata/decide/conditions.txtar")
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := policy.Prepare(parseArchive(t, a), now)
	if err != nil {
		t.Fatal(err)
	}
	want := compileArchive(t, a, false)
	for range 3 {
		got, err := catalog.Set(workload)
		if err != nil {
			t.Fatal(err)
		}
		gotRoutes, gotRules := got.Size()
		if wantRoutes, wantRules := want.Size(); gotRoutes != wantRoutes || gotRules != wantRules || gotRules < 10 {
			t.Errorf("%d routes and %d rules, want %d and %d", gotRoutes, gotRules, wantRoutes, wantRules)
		}
		q := parseCase(t, []string{"GET", "/items/2"})
		if d := got.Decide(&q); !d.Allow || len(d.Rules) != 4 {
			t.Errorf("%v by %d rules, want an allow by 4", d.Reason, len(d.Rules))
		}
	}
}

// TestEachReader holds that a route is listed with the providers of every guardrail that may
// apply to a request to it, and of no other.
func TestEachReader(t *testing.T) {
	a, err := txtar.ParseFile("testdata/decide/guardrails.txtar")
	if err != nil {
		t.Fatal(err)
	}
	readers := map[string]int{}
	for at, providers := range compileArchive(t, a, false).EachReader {
		if !slices.Equal(providers, []string{"shop-idp"}) {
			t.Errorf("%v reads %v", at, providers)
		}
		readers[at.Source]++
	}
	if want := map[string]int{"a.yaml": 7}; !maps.Equal(readers, want) { // six routes below /admin, and the guardrail
		t.Errorf("%v, want %v", readers, want)
	}
}

func faults(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestOverlapsByBruteForce compares what compiling says of random templates with a look at
// every pair of them, and where it accepts them, what matching finds with a look at all.
func TestOverlapsByBruteForce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	universe := universe()
	accepted, refused := 0, 0
	for range 3000 {
		paths := randomTemplates(r)
		set, err := policy.Compile([]syntax.Document{routesOf(paths)}, options)
		sets := matched(t, universe, paths)
		if want := ambiguous(sets); (err != nil) != want {
			t.Fatalf("%q: compiling says %v, ambiguous %v", paths, err, want)
		}
		if err != nil {
			refused++
			continue
		}
		accepted++
		for range 20 {
			i := r.IntN(len(universe))
			q := parseCase(t, []string{"GET", "/" + strings.Join(universe[i], "/")})
			if got, want := set.Decide(&q).Route, narrowest(paths, sets, i); got != want {
				t.Fatalf("%q: %s goes to %q, want %q", paths, q.Path, got, want)
			}
		}
	}
	if accepted < 300 || refused < 300 {
		t.Errorf("%d accepted, %d refused: the templates are not random enough", accepted, refused)
	}
}

func randomTemplates(r *rand.Rand) []string {
	seen := map[string]bool{}
	var all []string
	for range 1 + r.IntN(5) {
		var b strings.Builder
		n := 1 + r.IntN(3)
		for i := range n {
			switch k := r.IntN(6); {
			case k < 3:
				b.WriteString("/" + string("ab"[r.IntN(2)]))
			case k < 5 || i < n-1:
				fmt.Fprintf(&b, "/{v%d}", i)
			case r.IntN(2) == 0:
				b.WriteString("/{v...}")
			default:
				b.WriteString("/")
			}
		}
		if !seen[b.String()] {
			seen[b.String()] = true
			all = append(all, b.String())
		}
	}
	return all
}

func routesOf(paths []string) syntax.Document {
	p := &syntax.ServicePolicy{Workloads: []syntax.Text{{Value: workload}}}
	for _, path := range paths {
		p.Routes = append(p.Routes, syntax.Route{
			Name:  syntax.Text{Value: path},
			HTTP:  &syntax.HTTP{Methods: []syntax.Text{{Value: "GET"}}, Path: syntax.Text{Value: path}},
			Allow: []syntax.Rule{{Callers: []syntax.Text{{Value: "anyone"}}}},
		})
	}
	return syntax.Document{Kind: "ServicePolicy", Namespace: "shop", Name: "random", ServicePolicy: p}
}

// universe returns every canonical path of up to four segments over a small alphabet: one letter
// more than the templates have, which stands for all others, and one segment more than they
// have, which stands for all that are longer.
func universe() [][]string {
	var all [][]string
	heads := [][]string{nil}
	for range 4 {
		var longer [][]string
		for _, head := range heads {
			head = head[:len(head):len(head)]
			all = append(all, append(head, ""))
			for _, s := range []string{"a", "b", "c"} {
				longer = append(longer, append(head, s))
			}
		}
		all = append(all, longer...)
		heads = longer
	}
	return all
}

// A pathSet has a bit for each path of the universe.
type pathSet struct{ big.Int }

// matched returns the paths that each template matches.
func matched(t *testing.T, universe [][]string, templates []string) []*pathSet {
	t.Helper()
	var all []*pathSet
	for _, p := range templates {
		parsed, err := template.Parse(p)
		if err != nil {
			t.Fatal(err)
		}
		set := &pathSet{}
		for i, path := range universe {
			if parsed.Match(path) {
				set.SetBit(&set.Int, i, 1)
			}
		}
		all = append(all, set)
	}
	return all
}

func (s *pathSet) and(o *pathSet) *pathSet {
	both := &pathSet{}
	both.And(&s.Int, &o.Int)
	return both
}

func (s *pathSet) same(o *pathSet) bool { return s.Cmp(&o.Int) == 0 }

func (s *pathSet) narrower(o *pathSet) bool { return !s.same(o) && s.and(o).same(s) }

// ambiguous says that two of the templates share a path, neither is narrower, and none is for
// exactly what they share.
func ambiguous(all []*pathSet) bool {
	for i, a := range all {
		for _, b := range all[i+1:] {
			shared := a.and(b)
			if shared.Sign() == 0 || a.narrower(b) || b.narrower(a) {
				continue
			}
			if !slices.ContainsFunc(all, shared.same) {
				return true
			}
		}
	}
	return false
}

// narrowest returns the narrowest template that matches the path i, "" for none.
func narrowest(templates []string, all []*pathSet, i int) string {
	found, best := "", (*pathSet)(nil)
	for k, s := range all {
		if s.Bit(i) == 1 && (best == nil || s.narrower(best)) {
			found, best = templates[k], s
		}
	}
	return found
}

func Example() {
	documents, err := syntax.Parse("orders.yaml", []byte(`
apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - name: health
    http: {methods: [GET], path: /healthz}
    allow:
    - callers: [anyone]
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := policy.Compile(documents, policy.Options{Workload: "spiffe://shop.test/ns/shop/sa/orders"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, target := range []string{"/healthz", "/healthz/"} {
		path, _ := policy.ParsePath(target)
		host, _ := policy.ParseHost("orders.shop.test")
		method, _ := policy.ParseMethod("GET")
		d := set.Decide(&policy.Request{Method: method, Path: path, Host: host})
		fmt.Println(target, d.Allow, d.Reason, d.Rule)
	}
	// Output:
	// /healthz true allowed orders.yaml:11:7
	// /healthz/ false no_route
}
