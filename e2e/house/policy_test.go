package house_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/condition"
	"github.com/postern/postern/policy/format"
	"github.com/postern/postern/policy/lint"
	"github.com/postern/postern/policy/syntax"
)

const policyPage = "docs/policy.md"

// TestEveryPolicyInTheDocumentationLoads parses and compiles each example, together with the
// identity providers of the page.
func TestEveryPolicyInTheDocumentationLoads(t *testing.T) {
	p := document(t, policyPage)
	var providers []syntax.Document
	parsed := map[int][]syntax.Document{}
	for line, text := range p.blocks("yaml") {
		documents, err := syntax.Parse(policyPage, []byte(text))
		if err != nil {
			t.Fatalf("the example in line %d: %v", line, err)
		}
		parsed[line] = documents
		for _, d := range documents {
			if d.IdentityProvider != nil {
				providers = append(providers, d)
			}
		}
	}
	for line, documents := range parsed {
		for _, d := range documents {
			if d.ServicePolicy == nil {
				continue
			}
			workload := d.ServicePolicy.Workloads[0].Value
			set, err := policy.Compile(with(documents, providers), policy.Options{Workload: workload, Now: time.Now()})
			if err != nil {
				t.Errorf("the example in line %d: %v", line, err)
				continue
			}
			if routes, rules := set.Size(); routes == 0 || rules == 0 {
				t.Errorf("the example in line %d protects %s with %d routes and %d rules", line, workload, routes, rules)
			}
		}
	}
	if len(parsed) < 5 {
		t.Errorf("%s has %d examples", policyPage, len(parsed))
	}
}

// written is when the pages were: their dates are compared with it.
var written = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// TestEveryPolicyInTheDocumentationIsSound holds the examples to what the tools say: nothing to
// warn of, and in the canonical form.
func TestEveryPolicyInTheDocumentationIsSound(t *testing.T) {
	ran := 0
	for _, page := range []string{policyPage, "README.md", "docs/operations.md", "docs/testing.md"} {
		p := document(t, page)
		var sources []lint.Source
		for line, text := range p.blocks("yaml") {
			if !strings.HasPrefix(text, "apiVersion: postern.dev/") {
				continue
			}
			ran++
			name := fmt.Sprintf("%s, line %d", page, line)
			formatted, err := format.Source(name, []byte(text))
			if err != nil || string(formatted) != text {
				t.Errorf("%s (%v) is not in the canonical form:\n%s", name, err, difference(text, string(formatted)))
			}
			sources = append(sources, lint.Source{Name: name, Text: []byte(text)})
		}
		for _, f := range lint.Run(sources, lint.Options{Now: written}).Findings {
			if f.Severity >= lint.Warning && f.Code != "invalid" && f.Code != "unknown-provider" { // which needs the other pages
				t.Errorf("%v: %s: %s", f.Position, f.Code, f.Message)
			}
		}
	}
	if ran < 10 {
		t.Errorf("%d examples", ran)
	}
}

// with adds the providers whose names are not taken.
func with(documents, providers []syntax.Document) []syntax.Document {
	names := map[string]bool{}
	for _, d := range documents {
		if d.IdentityProvider != nil {
			names[d.Name] = true
		}
	}
	all := documents[:len(documents):len(documents)]
	for _, d := range providers {
		if !names[d.Name] {
			names[d.Name] = true
			all = append(all, d)
		}
	}
	return all
}

// TestTheTableOfRoutesIsTrue sends every request of the table to the policy above it.
func TestTheTableOfRoutesIsTrue(t *testing.T) {
	p := document(t, policyPage)
	set := compiled(t, "name: reports,", "spiffe://shop.test/ns/shop/sa/reports")
	for _, row := range p.table(t, "request of `web` to `reports`") {
		want, _, _ := strings.Cut(row[1], ":")
		if want == "none" {
			want = ""
		}
		request := codes(row[0])[0]
		d := set.Decide(requestOf(t, request))
		if d.Route != want || d.Allow != (want != "") {
			t.Errorf("%s goes to %q (allow %v, %v), and %s says %q", request, d.Route, d.Allow, d.Reason, policyPage, row[1])
		}
	}
}

// TestTheAlgorithmsAreAllNamed goes by what verifies tokens.
func TestTheAlgorithmsAreAllNamed(t *testing.T) {
	if all := strings.Join(identity.Algorithms(), " "); !strings.Contains(read(t, filepath.Join(root(), policyPage)), all) {
		t.Errorf("%s does not say that the algorithms are %s", policyPage, all)
	}
}

// TestTheVariablesOfConditionsAreAllNamed holds the table to the environment: each variable and its type.
func TestTheVariablesOfConditionsAreAllNamed(t *testing.T) {
	var documented, real []string
	for _, row := range document(t, policyPage).table(t, "| name | type | |") {
		for _, name := range codes(row[0]) {
			if !strings.HasPrefix(name, "params.") && !strings.Contains(name, "(") {
				documented = append(documented, name+" "+row[1])
			}
		}
	}
	for _, v := range condition.Variables() {
		real = append(real, v.Name+" "+v.Type)
	}
	same(t, "the variables of conditions", documented, real)
}

// compiled returns the example that has this text, compiled for a workload.
func compiled(t *testing.T, text, workload string) *policy.Set {
	t.Helper()
	for line, example := range document(t, policyPage).blocks("yaml") {
		if !strings.Contains(example, text) {
			continue
		}
		documents, err := syntax.Parse(policyPage, []byte(example))
		if err != nil {
			t.Fatal(err)
		}
		set, err := policy.Compile(documents, policy.Options{Workload: workload, Now: time.Now()})
		if err != nil {
			t.Fatalf("the example in line %d: %v", line, err)
		}
		return set
	}
	t.Fatalf("%s has no example with %q", policyPage, text)
	return nil
}

// requestOf makes a request of "GET /path".
func requestOf(t *testing.T, text string) *policy.Request {
	t.Helper()
	method, target, _ := strings.Cut(text, " ")
	web := spiffeid.RequireFromString("spiffe://shop.test/ns/shop/sa/web")
	q := &policy.Request{Time: time.Now(), Caller: identity.ProvenCaller(web, [32]byte{1})}
	var errs [3]error
	q.Method, errs[0] = policy.ParseMethod(method)
	q.Path, errs[1] = policy.ParsePath(target)
	q.Host, errs[2] = policy.ParseHost("reports.shop.test")
	for _, err := range errs {
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return q
}
