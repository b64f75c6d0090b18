package policy_test

import (
	"fmt"
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
				set, err := policy.Compile(documents, workload)
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
	_, err := policy.Compile([]syntax.Document{{Kind: "ServicePolicy", Name: "many", ServicePolicy: p}}, workload)
	lines := strings.Split(faults(err), "\n")
	if len(lines) != syntax.MaxErrors+1 || lines[syntax.MaxErrors] != "and 7 more" {
		t.Errorf("%d lines, of which the last is %q", len(lines), lines[len(lines)-1])
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
	accepted, refused := 0, 0
	for range 3000 {
		paths := randomTemplates(r)
		set, err := policy.Compile([]syntax.Document{routesOf(paths)}, workload)
		if want := ambiguous(t, paths); (err != nil) != want {
			t.Fatalf("%q: compiling says %v, ambiguous %v", paths, err, want)
		}
		if err != nil {
			refused++
			continue
		}
		accepted++
		for range 20 {
			compareMatch(t, r, set, paths)
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

// ambiguous says that two of the templates share a path, neither is narrower, and none is for
// exactly what they share.
func ambiguous(t *testing.T, paths []string) bool {
	t.Helper()
	all := parseTemplates(t, paths)
	for i, a := range all {
		for _, b := range all[i+1:] {
			o, ok := template.Overlap(a, b)
			if !ok || template.Narrower(a, b) || template.Narrower(b, a) {
				continue
			}
			if !slices.ContainsFunc(all, func(c template.Template) bool { return template.Same(c, o) }) {
				return true
			}
		}
	}
	return false
}

func parseTemplates(t *testing.T, paths []string) []template.Template {
	t.Helper()
	var all []template.Template
	for _, p := range paths {
		a, err := template.Parse(p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

func compareMatch(t *testing.T, r *rand.Rand, set *policy.Set, paths []string) {
	t.Helper()
	target := strings.Repeat("/a", r.IntN(2)) + "/" + string("abc"[r.IntN(3)]) + strings.Repeat("/b", r.IntN(3)) + strings.Repeat("/", r.IntN(2))
	q := parseCase(t, []string{"GET", target})
	want := ""
	var best template.Template
	for i, a := range parseTemplates(t, paths) {
		if a.Match(q.Path.Segments()) && (want == "" || template.Narrower(a, best)) {
			want, best = paths[i], a
		}
	}
	if got := set.Decide(&q).Route; got != want {
		t.Fatalf("%q: %s goes to %q, want %q", paths, target, got, want)
	}
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
	set, err := policy.Compile(documents, "spiffe://shop.test/ns/shop/sa/orders")
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
