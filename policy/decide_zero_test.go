package policy_test

import (
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
)

// Whatever was forgotten denies.
func TestZeroValuesDeny(t *testing.T) {
	a, err := txtar.ParseFile("testdata/decide/routes.txtar")
	if err != nil {
		t.Fatal(err)
	}
	set := compileArchive(t, a, false)
	path, _ := policy.ParsePath("/healthz")
	method, _ := policy.ParseMethod("GET")
	host, _ := policy.ParseHost("a.test")
	if d := set.Decide(&policy.Request{Method: method, Path: path, Host: host}); !d.Allow {
		t.Fatalf("the request that the cases below are less than: %v", d.Reason)
	}
	for name, d := range map[string]policy.Decision{
		"zero decision":          {},
		"nil set":                (*policy.Set)(nil).Decide(&policy.Request{Method: method, Path: path, Host: host}),
		"zero set":               (&policy.Set{}).Decide(&policy.Request{Method: method, Path: path, Host: host}),
		"zero match":             policy.Match{}.Decide(&policy.Request{Method: method, Path: path, Host: host}),
		"zero request":           set.Decide(&policy.Request{}),
		"request with no path":   set.Decide(&policy.Request{Method: method, Host: host}),
		"request with no host":   set.Decide(&policy.Request{Method: method, Path: path}),
		"request with no method": set.Decide(&policy.Request{Path: path, Host: host}),
	} {
		if d.Allow || d.Reason == reason.Allowed {
			t.Errorf("%s: allow %v, reason %v", name, d.Allow, d.Reason)
		}
	}
}

// A policy of another workload protects nothing here.
func TestNoPolicyForThisWorkload(t *testing.T) {
	a, err := txtar.ParseFile("testdata/decide/routes.txtar")
	if err != nil {
		t.Fatal(err)
	}
	set, err := policy.Compile(parseArchive(t, a), policy.Options{Workload: "spiffe://shop.test/ns/shop/sa/other"})
	if err != nil {
		t.Fatal(err)
	}
	q := parseCase(t, []string{"GET", "/healthz"})
	if d := set.Decide(&q); d.Allow || d.Reason != reason.NoPolicy {
		t.Fatalf("allow %v, reason %v", d.Allow, d.Reason)
	}
}

// The record shows each conjunct that a rule names, and whether it held.
func TestEvaluations(t *testing.T) {
	a, err := txtar.ParseFile("testdata/decide/rules.txtar")
	if err != nil {
		t.Fatal(err)
	}
	set := compileArchive(t, a, false)
	q := parseCase(t, []string{"GET", "/orders/1", "caller=web", "user=shop-idp/alice", "scopes=other"})
	got := map[string][]string{}
	for _, e := range set.Decide(&q).Rules {
		for name, bit := range e.Rule.Named().Each {
			mark := name + " failed"
			if e.Held&bit != 0 {
				mark = name + " held"
			}
			got[e.Rule.Name()] = append(got[e.Rule.Name()], mark)
		}
	}
	for rule, want := range map[string][]string{
		"no-debug":  {"headers failed"},
		"mallory":   {"user held", "subjects failed"},
		"frontends": {"callers held", "user held", "scopes failed"},
		"batch":     {"callers failed", "source failed"},
	} {
		if !slices.Equal(got[rule], want) {
			t.Errorf("rule %s: %q, want %q", rule, got[rule], want)
		}
	}
}

// A route that reads credentials grants nothing where nobody looked for one, not even by a rule
// that asks for no user: a deny may have asked for one.
func TestNobodyLookedForACredential(t *testing.T) {
	a, err := txtar.ParseFile("testdata/decide/rules.txtar")
	if err != nil {
		t.Fatal(err)
	}
	set := compileArchive(t, a, false)
	q := parseCase(t, []string{"GET", "/open"})
	if d := set.Decide(&q); !d.Allow {
		t.Fatalf("the request that the cases below differ from: %v", d.Reason)
	}
	for name, c := range map[string]identity.Credential{
		"the zero credential":               {},
		"a fault, of nothing presented":     {Reason: reason.Internal},
		"unavailable, of nothing presented": {Reason: reason.KeysUnavailable},
		"allowed, with nobody":              {Reason: reason.Allowed, Presented: true},
		"allowed, with the zero user":       {Reason: reason.Allowed, User: &identity.User{}},
	} {
		q.Credential = c
		if d := set.Decide(&q); d.Allow || d.Reason == reason.Allowed {
			t.Errorf("%s: allow %v, reason %v", name, d.Allow, d.Reason)
		}
	}
}
