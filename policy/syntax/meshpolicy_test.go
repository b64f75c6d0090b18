package syntax_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/postern/postern/policy/syntax"
)

const company = `apiVersion: postern.dev/v1alpha1
kind: MeshPolicy
metadata: {name: company}
spec:
  guardrails:
  - name: admin-needs-mfa
    workloads: ["spiffe://shop.test/ns/*/sa/*"]
    http: {methods: [GET], path: "/admin/{rest...}", hosts: [shop.test]}
    except:
    - {workloads: [spiffe://shop.test/ns/shop/sa/web], http: {methods: [POST]}}
    - {grpc: {service: shop.v1.Admin, methods: [Ping]}}
    require: {user: {provider: shop-idp, acr: mfa}, shadow: true}
  - name: no-partners-in-payments
    workloads: [spiffe://shop.test/ns/shop/sa/payments]
    grpc: {service: shop.v1.Payments, methods: [Charge], hosts: [shop.test]}
    deny: {callers: ["spiffe://partner.test/**"], when: request.host == "a", shadow: {until: 2027-01-31T00:00:00+01:00}}
  - name: nobody
    workloads: [spiffe://shop.test/ns/shop/sa/payments]
    http: {methods: ["*"]}
    deny: {callers: [anyone]}
  onboarding:
  - {workloads: [spiffe://shop.test/ns/shop/sa/legacy], until: 2027-01-31T00:00:00Z}
`

func TestMeshPolicy(t *testing.T) {
	d := parse(t, company)[0]
	if d.Kind != "MeshPolicy" || d.Name != "company" || d.Namespace != "" || d.ServicePolicy != nil || d.IdentityProvider != nil {
		t.Fatalf("%+v", d)
	}
	first, second, third := d.MeshPolicy.Guardrails[0], d.MeshPolicy.Guardrails[1], d.MeshPolicy.Guardrails[2]
	onboarding := d.MeshPolicy.Onboarding[0]
	for _, tc := range []struct {
		what string
		got  any
		want string
	}{
		{"a guardrail", first.Position, "shop.yaml:6:5"},
		{"its name", first.Name, "{admin-needs-mfa shop.yaml:6:11}"},
		{"its workloads", first.Workloads, "[{spiffe://shop.test/ns/*/sa/* shop.yaml:7:17}]"},
		{"http", *first.HTTP, "{shop.yaml:8:11 [{GET shop.yaml:8:22}] {/admin/{rest...} shop.yaml:8:34} [{shop.test shop.yaml:8:62}]}"},
		{"no grpc beside it", first.GRPC == nil, "true"},
		{"an except", first.Except[0].Position, "shop.yaml:10:7"},
		{"its workloads", first.Except[0].Workloads, "[{spiffe://shop.test/ns/shop/sa/web shop.yaml:10:20}]"},
		{"its http", *first.Except[0].HTTP, "{shop.yaml:10:62 [{POST shop.yaml:10:73}] { } []}"},
		{"another except", *first.Except[1].GRPC, "{shop.yaml:11:14 {shop.v1.Admin shop.yaml:11:24} [{Ping shop.yaml:11:49}] []}"},
		{"a require", first.Require.Position, "shop.yaml:12:14"},
		{"no deny beside it", first.Deny == nil, "true"},
		{"its acr", first.Require.User.ACR.Values, "[{mfa shop.yaml:12:47}]"},
		{"its shadow", *first.Require.Shadow, "{shop.yaml:12:61 0001-01-01 00:00:00 +0000 UTC}"},
		{"grpc", *second.GRPC, "{shop.yaml:15:11 {shop.v1.Payments shop.yaml:15:21} [{Charge shop.yaml:15:49}] [{shop.test shop.yaml:15:66}]}"},
		{"a deny", second.Deny.Position, "shop.yaml:16:11"},
		{"its callers", second.Deny.Callers, "[{spiffe://partner.test/** shop.yaml:16:22}]"},
		{"its condition", *second.Deny.When, `{shop.yaml:16:57 request.host == "a" true}`},
		{"its shadow", *second.Deny.Shadow, "{shop.yaml:16:86 2027-01-30 23:00:00 +0000 UTC}"},
		{"every method is any", third.HTTP.Methods == nil, "true"},
		{"onboarding", onboarding.Position, "shop.yaml:22:5"},
		{"its workloads", onboarding.Workloads, "[{spiffe://shop.test/ns/shop/sa/legacy shop.yaml:22:18}]"},
		{"its end", onboarding.Until.Equal(time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)), "true"},
	} {
		if got := fmt.Sprint(tc.got); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.what, got, tc.want)
		}
	}
}

func writeMesh(p *syntax.MeshPolicy) object {
	var guardrails, onboarding []object
	for _, g := range p.Guardrails {
		var except []object
		for _, e := range g.Except {
			except = append(except, compact(object{"workloads": texts(e.Workloads), "http": writeGuardHTTP(e.HTTP), "grpc": writeGuardGRPC(e.GRPC)}))
		}
		o := object{"name": g.Name.Value, "workloads": texts(g.Workloads), "http": writeGuardHTTP(g.HTTP), "grpc": writeGuardGRPC(g.GRPC), "except": except}
		if g.Deny != nil {
			o["deny"] = writeRule(g.Deny)
		} else {
			o["require"] = writeRule(g.Require)
		}
		guardrails = append(guardrails, compact(o))
	}
	for _, o := range p.Onboarding {
		onboarding = append(onboarding, object{"workloads": texts(o.Workloads), "until": o.Until})
	}
	return compact(object{"guardrails": guardrails, "onboarding": onboarding})
}

// writeGuardHTTP spells out every method: an http that names nothing is not read.
func writeGuardHTTP(h *syntax.GuardHTTP) object {
	if h == nil {
		return nil
	}
	methods := texts(h.Methods)
	if methods == nil {
		methods = []string{"*"}
	}
	return compact(object{"methods": methods, "path": h.Path.Value, "hosts": texts(h.Hosts)})
}

func writeGuardGRPC(g *syntax.GuardGRPC) object {
	if g == nil {
		return nil
	}
	return compact(object{"service": g.Service.Value, "methods": texts(g.Methods), "hosts": texts(g.Hosts)})
}
