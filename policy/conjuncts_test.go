package policy_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// conjunctOf has every field of a rule and of what it asks of a user: the conjunct that it is, and
// how it is written. A field of which nothing asks would widen every allow that names it.
var conjunctOf = map[string]struct {
	bit  policy.Conjuncts // 0: the field narrows nothing
	text string
}{
	"Rule.Position": {}, "Rule.Name": {}, "Rule.Shadow": {}, "User.Position": {},
	"Rule.Callers":   {policy.OnCallers, `callers: [spiffe://shop.test/ns/shop/sa/web]`},
	"Rule.User":      {policy.OnProvider, `user: {provider: shop-idp}`},
	"Rule.Headers":   {policy.OnHeaders, `headers: {x-a: "1"}`},
	"Rule.Source":    {policy.OnSource, `source: [10.0.0.0/8]`},
	"Rule.When":      {policy.OnWhen, `when: request.method == "PUT"`},
	"User.Providers": {policy.OnProvider, `user: {provider: shop-idp}`},
	"User.Subjects":  {policy.OnSubjects, `user: {provider: shop-idp, subjects: bob}`},
	"User.Clients":   {policy.OnClients, `user: {provider: shop-idp, clients: cli}`},
	"User.Audiences": {policy.OnAudiences, `user: {provider: shop-idp, audiences: api}`},
	"User.Scopes":    {policy.OnScopes, `user: {provider: shop-idp, scopes: read}`},
	"User.Roles":     {policy.OnRoles, `user: {provider: shop-idp, roles: admin}`},
	"User.ACR":       {policy.OnACR, `user: {provider: shop-idp, acr: mfa}`},
	"User.Bound":     {policy.OnBound, `user: {provider: shop-idp, bound: mtls}`},
	"User.AMR":       {policy.OnAMR, `user: {provider: shop-idp, amr: hwk}`},
	"User.MaxAge":    {policy.OnMaxAge, `user: {provider: shop-idp, maxAge: 5m}`},
}

// TestEveryFieldOfARuleIsAConjunct holds that a field that the reader takes is one that the
// decision asks for: in an allow, in a deny, and in both rules of a guardrail.
func TestEveryFieldOfARuleIsAConjunct(t *testing.T) {
	var seen policy.Conjuncts
	for _, of := range []any{syntax.Rule{}, syntax.User{}} {
		of := reflect.TypeOf(of)
		for i := range of.NumField() {
			name := of.Name() + "." + of.Field(i).Name
			c, known := conjunctOf[name]
			if !known {
				t.Errorf("%s is no conjunct: give it one, or say here that it narrows nothing", name)
			}
			if c.bit == 0 {
				continue
			}
			seen |= c.bit
			t.Run(name, func(t *testing.T) { asksFor(t, c.bit, c.text) })
		}
	}
	named := 0
	for range seen.Each {
		named++
	}
	if last := policy.Conjuncts(1) << (named - 1); last != policy.OnWhen || seen != last<<1-1 {
		t.Errorf("%d conjuncts have names and fields, and the last constant is %d", named, policy.OnWhen)
	}
}

func asksFor(t *testing.T, bit policy.Conjuncts, text string) {
	const head = benchProvider + `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - name: r
    http: {methods: [GET], path: /p}
    allow:
`
	const mesh = `---
apiVersion: postern.dev/v1alpha1
kind: MeshPolicy
metadata: {name: company}
spec:
  guardrails:
  - {name: tested, workloads: [spiffe://shop.test/ns/shop/sa/orders], %s: {%s}}
`
	allow := "    - {name: tested, callers: [anyone], " + text + "}\n"
	if bit == policy.OnCallers {
		allow = "    - {name: tested, " + text + "}\n"
	}
	const open = "    - {callers: [anyone]}\n"
	for place, text := range map[string]string{
		"allow":             head + allow,
		"deny":              head + open + "    deny:\n    - {name: tested, " + text + "}\n",
		"guardrail deny":    head + open + fmt.Sprintf(mesh, "deny", text),
		"guardrail require": head + open + fmt.Sprintf(mesh, "require", text),
	} {
		q := parseCase(t, []string{"GET", "/p", "caller=other", "user=shop-idp/alice", "age=1h"})
		if bit == policy.OnProvider {
			q.Credential.User.Provider = "another-idp"
		}
		d := load(t, []byte(text)).Decide(&q)
		matched, named := false, false
		for _, e := range d.Rules {
			if e.Rule.Name() == "tested" {
				named, matched = e.Rule.Named()&bit != 0, e.Matched()
			}
		}
		if want := place == "deny" || place == "guardrail deny"; !named || matched || d.Allow != want {
			t.Errorf("%s: named %v, matched %v, allowed %v", place, named, matched, d.Allow)
		}
	}
}
