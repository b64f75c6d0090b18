package lint

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/lint/edit"
	"github.com/postern/postern/policy/syntax"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const trialHead = `apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: people}
spec:
  jwt: {issuer: "https://idp.shop.test/", audiences: [shop], algorithms: [ES256], jwks: {discovery: true}}
  claims: {roles: roles}
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: robots}
spec:
  jwt: {issuer: "https://robots.shop.test/", audiences: [shop], algorithms: [ES256], jwks: {discovery: true}}
---
` + trialPolicy

const trialPolicy = `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://a.test/w]
`

// tenants is a conjunct that package policy might come to know before this package does.
const tenants = policy.Conjuncts(1) << 15

// withTenants is what the core would say of rules if those in some lines named tenants.
func withTenants(lines ...int) func(*policy.Rule) policy.Conjuncts {
	return func(r *policy.Rule) policy.Conjuncts {
		if slices.Contains(lines, r.Position().Line) {
			return r.Named() | tenants
		}
		return r.Named()
	}
}

func lineOf(t *testing.T, text, part string) int {
	t.Helper()
	before, _, found := strings.Cut(text, part)
	if !found {
		t.Fatalf("there is no %s", part)
	}
	return strings.Count(before, "\n") + 1
}

// TestUnknownConjunct holds that nothing is said of two rules, and nothing taken out, when one of them
// names something that is not compared here: both look alike then, and are not.
func TestUnknownConjunct(t *testing.T) {
	text := trialHead + `  routes:
  - name: r
    http: {methods: [POST], path: /p}
    allow:
    - {name: allow-1, callers: [anyone], user: {provider: people, acr: mfa}}
    - {name: allow-2, callers: [anyone], user: {provider: people, acr: mfa}}
    - {name: allow-3, callers: [spiffe://a.test/c], source: [10.0.0.0/8]}
    deny:
    - {name: deny-1, callers: [spiffe://a.test/c]}
    - {name: deny-2, callers: [spiffe://a.test/c]}
`
	codes := func(lines ...int) (all []Code) {
		r := newRunner(Options{Now: noon})
		r.named = withTenants(lines...)
		for _, f := range r.run([]Source{{"a.yaml", []byte(text)}}).report.Findings {
			if f.Code == SubsumedRule || f.Code == UndercutRule || f.Code == ContradictedAllow {
				all = append(all, f.Code)
			}
		}
		return all
	}
	at := func(name string) int { return lineOf(t, text, "name: "+name) }
	if got := codes(); len(got) != 3 {
		t.Fatalf("without tenants: %v", got)
	}
	for _, lines := range [][]int{{at("allow-1"), at("deny-1")}, {at("allow-2"), at("deny-2")}, {at("allow-1"), at("allow-2"), at("deny-1"), at("deny-2")}} {
		if got := codes(lines...); slices.Contains(got, SubsumedRule) || slices.Contains(got, UndercutRule) {
			t.Errorf("with tenants in lines %v: %v", lines, got)
		}
	}
	if got := codes(at("allow-1"), at("allow-3"), at("deny-1")); len(got) != 0 {
		t.Errorf("an allow with tenants is said never to allow: %v", got)
	}
	r := newRunner(Options{Now: noon})
	r.named = withTenants(at("allow-1"), at("deny-1"))
	m, err := mendWith([]Source{{"a.yaml", []byte(text)}}, r.run)
	if err != nil || string(m.Sources[0].Text) != text {
		t.Errorf("%v: what is left is\n%s", err, m.Sources[0].Text)
	}
}

// TestComparisonsWithUnknown asks each comparison, of which either side is foreign.
func TestComparisonsWithUnknown(t *testing.T) {
	nobody, everybody := &syntax.Rule{}, callers{named: true, anyone: true}
	people, robots := &user{providers: []string{"people"}}, &user{providers: []string{"robots"}}
	for _, tc := range []struct {
		name string
		a, b rule
		says func(a, b *rule) bool
	}{
		{"within", rule{callers: everybody}, rule{callers: everybody}, (*rule).within},
		{"apart", rule{callers: everybody, user: people}, rule{callers: everybody, user: robots}, (*rule).apart},
		{"challengesLike", rule{}, rule{}, (*rule).challengesLike},
		{"isUnconditional", rule{}, rule{}, func(a, b *rule) bool { return a.isUnconditional() && b.isUnconditional() }},
	} {
		tc.a.from, tc.b.from = nobody, nobody
		if !tc.says(&tc.a, &tc.b) {
			t.Errorf("%s does not hold to begin with", tc.name)
		}
		for _, foreign := range [][2]policy.Conjuncts{{tenants, 0}, {0, tenants}, {tenants, tenants}} {
			a, b := tc.a, tc.b
			a.named, b.named = policy.OnCallers|foreign[0], policy.OnCallers|foreign[1]
			if tc.says(&a, &b) {
				t.Errorf("%s with %v", tc.name, foreign)
			}
		}
	}
}

// misled makes up a finding that a rule can go.
func misled(name string) func([]Source) look {
	r := newRunner(Options{Now: noon})
	return func(sources []Source) look {
		l := r.run(sources)
		var findings []Finding
		for _, rule := range l.world.rules() {
			if rule.name == name {
				f := Finding{Code: SubsumedRule, Position: rule.at, around: rule.at}
				findings = append(findings, *f.fix("take it out", rule.at, edit.Item))
			}
		}
		l.report = &Report{Findings: findings}
		return l
	}
}

// TestMendedDecidesAsBefore takes out rules that do something, each because of another conjunct than the
// one that is nearest to it, and holds that none of it is written.
func TestMendedDecidesAsBefore(t *testing.T) {
	const base = "callers: [spiffe://a.test/c]"
	for name, rules := range map[string][2]string{ // what goes, and what stays
		"callers":   {"callers: [spiffe://a.test/c, spiffe://a.test/d]", base},
		"pattern":   {`callers: ["spiffe://a.test/**"]`, base},
		"anyone":    {"callers: [anyone]", base},
		"user":      {base, base + ", user: {provider: people}"},
		"provider":  {base + ", user: {provider: [people, robots]}", base + ", user: {provider: people}"},
		"subjects":  {base + ", user: {provider: people}", base + ", user: {provider: people, subjects: s}"},
		"clients":   {base + ", user: {provider: people}", base + ", user: {provider: people, clients: s}"},
		"audiences": {base + ", user: {provider: people}", base + ", user: {provider: people, audiences: s}"},
		"scopes":    {base + ", user: {provider: people, scopes: r}", base + ", user: {provider: people, scopes: {all: [r, w]}}"},
		"roles":     {base + ", user: {provider: people, roles: {any: [r, w]}}", base + ", user: {provider: people, roles: r}"},
		"acr":       {base + ", user: {provider: people}", base + ", user: {provider: people, acr: mfa}"},
		"amr":       {base + ", user: {provider: people}", base + ", user: {provider: people, amr: otp}"},
		"maxAge":    {base + ", user: {provider: people, maxAge: 10m}", base + ", user: {provider: people, maxAge: 5m}"},
		"bound":     {base + ", user: {provider: people}", base + ", user: {provider: people, bound: mtls}"},
		"headers":   {base + ", headers: {x-a: {any: [b, c]}}", base + ", headers: {x-a: b}"},
		"present":   {base + ", headers: {x-a: {present: true}}", base + ", headers: {x-a: b}"},
		"absent":    {base + ", headers: {x-a: {present: false}}", base + ", headers: {x-a: b}"},
		"source":    {base + ", source: [10.0.0.0/8]", base + ", source: [10.1.0.0/16]"},
		"when":      {base, base + `, when: 'request.method == "PUT"'`},
		"read":      {base + ", user: {provider: people}", base},
	} {
		for _, effect := range []string{"allow", "deny"} {
			if name == "read" && effect == "allow" {
				continue // its callers are allowed, and a bad credential is another's matter
			}
			rest := map[string]string{"allow": "", "deny": "    allow: [{callers: [anyone]}]\n"}[effect]
			text := trialHead + fmt.Sprintf("  routes:\n  - name: r\n    http: {methods: [POST], path: /p}\n%s    %s:\n    - {name: goes, %s}\n    - {name: stays, %s}\n", rest, effect, rules[0], rules[1])
			sources := []Source{{"a.yaml", []byte(text)}}
			m, err := mendWith(sources, misled("goes"))
			if !errors.Is(err, ErrDecides) || m != nil {
				t.Errorf("%s of %s: %v\n%s", name, effect, err, text)
			}
			if err != nil && !strings.Contains(err.Error(), fmt.Sprintf("a.yaml:%d:", lineOf(t, text, "name: goes"))) {
				t.Errorf("%s of %s: the error names another place: %v", name, effect, err)
			}
			if string(sources[0].Text) != text {
				t.Errorf("%s of %s: the text that was given is changed", name, effect)
			}
		}
	}
}

// TestMendedDenyOfAPolicy does the same where a rule holds for every route, or as a guardrail's
// neighbour, or for workloads of several policies.
func TestMendedDenyOfAPolicy(t *testing.T) {
	for name, text := range map[string]string{
		"policy": `  deny:
  - {name: goes, callers: [spiffe://a.test/c], user: {provider: people}}
  - {name: stays, callers: [spiffe://a.test/c], user: {provider: people, scopes: t1}}
  routes:
  - {name: r, http: {methods: [GET], path: "/p/{id}"}, allow: [{callers: [anyone]}]}
`,
		"call": `  routes:
  - name: r
    grpc: {service: s.S, methods: [M]}
    allow: [{callers: [anyone]}]
    deny:
    - {name: goes, callers: [spiffe://a.test/c]}
`,
		"upgrade": `  routes:
  - name: r
    http: {methods: [GET], path: /p, hosts: [h.test], upgrade: [websocket]}
    allow:
    - {name: goes, callers: [anyone]}
`,
	} {
		if _, err := mendWith([]Source{{"a.yaml", []byte(trialHead + text)}}, misled("goes")); !errors.Is(err, ErrDecides) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
