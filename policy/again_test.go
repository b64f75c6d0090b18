package policy_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// A source is the documents of one file at one moment, and how often what they say was read again.
type source struct {
	name, text string
	rereads    int
}

// documents returns what a directory returns that has parsed the text before.
func (s *source) documents(t *testing.T, known bool) []syntax.Document {
	t.Helper()
	all, err := syntax.Parse(s.name, []byte(s.text))
	if err != nil {
		t.Fatal(err)
	}
	short, ok := syntax.WithoutSpecs(all)
	if !known || !ok {
		return all
	}
	again := syntax.Reread(s.name, []byte(s.text), short)
	for i := range again {
		read := again[i].Reread
		again[i].Reread = func() *syntax.ServicePolicy { s.rereads++; return read() }
	}
	return again
}

// randomPolicy returns a policy, which may protect another workload, share routes with others, deny
// everywhere, name a provider that may not exist, or be in conflict.
func randomPolicy(r *rand.Rand, i int) string {
	pick := func(all ...string) string { return all[r.IntN(len(all))] }
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: p%d, namespace: shop}\nspec:\n  workloads: [spiffe://shop.test/ns/shop/sa/%s]\n", i, pick("orders", "orders", "orders", "other"))
	if r.IntN(6) == 0 {
		b.WriteString("  deny: [{headers: {x-debug: {present: true}}, user: {provider: one}}]\n")
	}
	b.WriteString("  routes:\n")
	for n := range 1 + r.IntN(3) {
		fmt.Fprintf(&b, "  - name: r%d\n    http: {methods: [%s], path: \"%s\"}\n    allow: [{callers: [spiffe://shop.test/%s], user: {provider: %s, scopes: %s}}]\n", n,
			pick("GET", "GET", "POST"), pick("/a/{x}", fmt.Sprintf("/p%d/{x}", i), fmt.Sprintf("/p%d/q", i), "/shared", "/{x}/q"), pick("web", "api"), pick("one", "one", "one", "two"), pick("read", "write"))
	}
	return b.String()
}

func providers(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "---\napiVersion: postern.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {name: %s}\nspec:\n  jwt: {issuer: \"https://%[1]s.test\", audiences: [a], algorithms: [ES256], jwks: {url: \"https://%[1]s.test/jwks\"}}\n", name)
	}
	return b.String()
}

// TestAgainIsAnew compiles directories that change step by step: a Compiler that remembers says and makes
// what one does that knows nothing, and what it made before stays what it was.
func TestAgainIsAnew(t *testing.T) {
	loaded := 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 6))
		var compiler policy.Compiler
		var before, anewBefore *policy.Set
		sources := []*source{{name: "providers.yaml", text: providers("one", "two")}}
		for i := range 4 {
			sources = append(sources, &source{name: fmt.Sprintf("%d.yaml", i), text: randomPolicy(r, i)})
		}
		for range 25 {
			switch at := r.IntN(len(sources)); {
			case at == 0:
				sources[0].text = providers([][]string{{"one", "two"}, {"one"}}[r.IntN(2)]...)
			default:
				sources[at].text = randomPolicy(r, at)
			}
			o := options
			if r.IntN(8) == 0 {
				o.Workload = "spiffe://shop.test/ns/shop/sa/other"
			}
			var known, anew []syntax.Document
			for _, s := range sources {
				known, anew = append(known, s.documents(t, r.IntN(4) > 0)...), append(anew, s.documents(t, false)...)
			}
			set, err := compiler.Compile(known, o)
			want, wantErr := policy.Compile(anew, o)
			if fmt.Sprint(err) != fmt.Sprint(wantErr) || !reflect.DeepEqual(set, want) {
				t.Fatalf("seed %d: %v, and anew %v", seed, err, wantErr)
			}
			if !reflect.DeepEqual(before, anewBefore) {
				t.Fatalf("seed %d: the set before was changed", seed)
			}
			if before, anewBefore = set, want; err == nil {
				loaded++
			}
		}
	}
	if loaded < 200 {
		t.Errorf("only %d of the directories load", loaded)
	}
}

// TestOnlyWhatChangedIsReadAgain, and all of it when the providers are others.
func TestOnlyWhatChangedIsReadAgain(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	p := &source{name: "providers.yaml", text: providers("one", "two")}
	a, b := &source{name: "a.yaml", text: quietPolicy("a", 1)}, &source{name: "b.yaml", text: quietPolicy("b", r.IntN(9))}
	var compiler policy.Compiler
	for i, step := range []struct {
		change func()
		a, b   int // rereads since the beginning
	}{
		{func() {}, 1, 1},
		{func() {}, 1, 1},
		{func() { a.text = quietPolicy("a", 2) }, 2, 1},
		{func() { b.text = "\n" + b.text }, 2, 2}, // the same text in other lines
		{func() { p.text = providers("one", "two", "three") }, 3, 3},
		{func() { a.name = "c.yaml" }, 4, 3},
		{func() { p.text = strings.ReplaceAll(p.text, "https://one.test\"", "https://one.example\"") }, 5, 4},
		{func() { p.text += "# a comment\n" }, 5, 4},
	} {
		step.change()
		var all []syntax.Document
		for _, s := range []*source{p, a, b} {
			all = append(all, s.documents(t, true)...)
		}
		if _, err := compiler.Compile(all, options); err != nil {
			t.Fatal(err)
		}
		if a.rereads != step.a || b.rereads != step.b {
			t.Errorf("step %d: a was read again %d times, want %d; b %d, want %d", i, a.rereads, step.a, b.rereads, step.b)
		}
	}
}

func quietPolicy(name string, version int) string {
	return fmt.Sprintf("apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: %s, namespace: shop}\nspec:\n  workloads: [spiffe://shop.test/ns/shop/sa/orders]\n"+
		"  routes: [{name: r, http: {methods: [GET], path: /%[1]s/v%d}, allow: [{callers: [anyone]}]}]\n", name, version)
}

// TestNothingReadIsNoPolicy: a document whose text cannot be had again is refused, and not passed over.
func TestNothingReadIsNoPolicy(t *testing.T) {
	documents := (&source{name: "a.yaml", text: quietPolicy("a", 1)}).documents(t, true)
	documents[0].Reread = func() *syntax.ServicePolicy { return nil }
	if set, err := policy.Compile(documents, options); err == nil || set != nil {
		t.Errorf("got %v, %v", set, err)
	}
}

// TestWhatWasNotParsedIsCompiledEachTime: nothing tells it from another at the same place.
func TestWhatWasNotParsedIsCompiledEachTime(t *testing.T) {
	var compiler policy.Compiler
	for _, name := range []string{"a", "b"} {
		documents := (&source{name: "a.yaml", text: quietPolicy(name, 1)}).documents(t, false)
		documents[0].Digest = [32]byte{}
		set, err := compiler.Compile(documents, options)
		if err != nil {
			t.Fatal(err)
		}
		if got := set.Policies(); len(got) != 1 || got[0] != "shop/"+name {
			t.Errorf("got %v, want shop/%s", got, name)
		}
	}
}

// TestWhatHadAFaultIsRefusedAgain, and forgotten when it is mended.
func TestWhatHadAFaultIsRefusedAgain(t *testing.T) {
	var compiler policy.Compiler
	good := quietPolicy("a", 1)
	bad := strings.Replace(good, "callers: [anyone]", "callers: [anyone], user: {provider: none}", 1)
	for i, text := range []string{good, bad, bad, good} {
		set, err := compiler.Compile((&source{name: "a.yaml", text: text}).documents(t, true), options)
		if (err != nil) != (text == bad) || (set == nil) != (text == bad) {
			t.Errorf("step %d: %v, %v", i, set, err)
		}
	}
}

func TestSameRoutes(t *testing.T) {
	of := func(text string) *policy.Set { return load(t, []byte(text)) }
	one := of(quietPolicy("a", 1))
	for name, tc := range map[string]struct {
		other *policy.Set
		want  bool
	}{
		"itself":         {one, true},
		"another path":   {of(quietPolicy("a", 2)), true},
		"another policy": {of(quietPolicy("b", 1)), false},
		"another name":   {of(strings.Replace(quietPolicy("a", 1), "name: r,", "name: s,", 1)), false},
		"more":           {of(quietPolicy("a", 1) + "---\n" + quietPolicy("b", 1)), false},
	} {
		if got := one.SameRoutes(tc.other); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
