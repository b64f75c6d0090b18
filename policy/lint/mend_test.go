package lint_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/policy/lint"
)

// TestMend runs testdata/mend.txtar: each file NAME.yaml is followed by NAME.mended, with what is
// left of it.
func TestMend(t *testing.T) {
	a, err := txtar.ParseFile("testdata/mend.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(a.Files); i += 2 {
		before, after := a.Files[i], a.Files[i+1]
		t.Run(before.Name, func(t *testing.T) {
			sources := []lint.Source{{Name: "a.yaml", Text: append([]byte(policyHead), before.Data...)}, {Name: "people.yaml", Text: []byte(people)}}
			mended, err := lint.Mend(sources, lint.Options{Now: now})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimPrefix(string(mended.Sources[0].Text), policyHead); got != string(after.Data) {
				t.Errorf("got\n%s\nwant\n%s", got, after.Data)
			}
			if string(sources[0].Text) != policyHead+string(before.Data) {
				t.Error("the text that was given is changed")
			}
		})
	}
}

// TestMendOnlyWhatIsLookedFor leaves what --only and comments leave out.
func TestMendOnlyWhatIsLookedFor(t *testing.T) {
	text := policyHead + `spec:
  workloads: [spiffe://a.test/w]
  groups:
    # postern:allow unused-group: for the next service
    later: [spiffe://a.test/l]
    never: [spiffe://a.test/n]
  routes:
  - name: r
    http: {methods: [GET], path: /}
    allow:
    - callers: [spiffe://a.test/a, spiffe://a.test/a/b]
    - callers: [spiffe://a.test/a]
`
	sources := []lint.Source{{Name: "a.yaml", Text: []byte(text)}}
	for _, tc := range []struct {
		options     lint.Options
		later, rule bool
	}{
		{lint.Options{Now: now}, true, false},
		{lint.Options{Now: now, Only: []lint.Code{lint.UnusedGroup}}, true, true},
		{lint.Options{Now: now, Except: []lint.Code{lint.SubsumedRule}}, true, true},
	} {
		mended, err := lint.Mend(sources, tc.options)
		if err != nil {
			t.Fatal(err)
		}
		got := string(mended.Sources[0].Text)
		if strings.Contains(got, "never:") || strings.Contains(got, "later:") != tc.later || strings.Contains(got, "    - callers: [spiffe://a.test/a]\n") != tc.rule {
			t.Errorf("%+v leaves\n%s", tc.options, got)
		}
	}
}

func TestNothingIsMendedBesideAFault(t *testing.T) {
	bad := lint.Source{Name: "bad.yaml", Text: []byte("kind: [\n")}
	good := lint.Source{Name: "good.yaml", Text: []byte(policyHead + "spec:\n  workloads: [spiffe://a.test/w]\n  groups: {a: [spiffe://a.test/a], b: [spiffe://a.test/b]}\n" +
		"  deny: [{callers: [group:a]}]\n")}
	mended, err := lint.Mend([]lint.Source{bad, good}, lint.Options{Now: now})
	if err != nil || !mended.Report.Invalid() {
		t.Fatalf("%v %+v", err, mended)
	}
	if got := string(mended.Sources[0].Text); got != "kind: [\n" {
		t.Errorf("%q", got)
	}
	if got := string(mended.Sources[1].Text); !strings.Contains(got, "groups: {a: [spiffe://a.test/a]}") {
		t.Errorf("%s", got)
	}
}

// FuzzRun takes any text for a policy. Nothing panics, every finding has its place in a file, and
// what is mended is read again.
func FuzzRun(f *testing.F) {
	f.Add(people)
	for seed := range uint64(8) {
		f.Add(newDice(seed).documents())
	}
	f.Add(policyHead + "spec: {workloads: [spiffe://a.test/w], routes: []} # postern:allow x\n")
	f.Fuzz(func(t *testing.T, text string) {
		mended, err := lint.Mend([]lint.Source{{Name: "a.yaml", Text: []byte(text)}}, lint.Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Count(string(mended.Sources[0].Text), "\n") + 1
		for _, found := range append(mended.Report.Findings, mended.Report.Silenced...) {
			if found.Message == "" || found.Severity == 0 || found.Position.Line > lines {
				t.Fatalf("%+v", found)
			}
		}
		if mended.Report.Invalid() != lint.Run([]lint.Source{{Name: "a.yaml", Text: []byte(text)}}, lint.Options{Now: now}).Invalid() {
			t.Fatalf("%q is mended to %q, which is as valid no more", text, mended.Sources[0].Text)
		}
	})
}

func ExampleRun() {
	policy := `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - name: place-order
    http: {methods: [POST], path: /orders}
    allow:
    - callers: [anyone]
`
	report := lint.Run([]lint.Source{{Name: "orders.yaml", Text: []byte(policy)}}, lint.Options{Now: now})
	for _, f := range report.Findings {
		fmt.Printf("%v: %v: %s: %s\n", f.Position, f.Severity, f.Code, f.Message)
	}
	// Output:
	// orders.yaml:10:17: warning: anonymous-write: anyone may POST here, with no certificate and no user: name the callers, or ask for a user
}
