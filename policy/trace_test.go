package policy_test

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// TestTraceIsTheDecision runs every case of testdata/decide: what is told must be what decided.
func TestTraceIsTheDecision(t *testing.T) {
	files, err := filepath.Glob("testdata/decide/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		set := compileArchive(t, a, false)
		for n, line := range strings.Split(section(t, a, "cases"), "\n") {
			request, _, ok := strings.Cut(strings.TrimSpace(line), "=>")
			if !ok {
				continue
			}
			q := parseCase(t, strings.Fields(request))
			if len(set.Match(&q).Providers()) == 0 {
				q.Credential = identity.Credential{}
			}
			t.Run(fmt.Sprintf("%s:%d", filepath.Base(file), n+1), func(t *testing.T) { checkTrace(t, set, &q) })
		}
	}
}

func checkTrace(t *testing.T, set *policy.Set, q *policy.Request) {
	t.Helper()
	trace, want := set.Trace(q), set.Decide(q)
	if !reflect.DeepEqual(trace.Decision, want) {
		t.Errorf("it traces %+v, and decides %+v", trace.Decision, want)
	}
	if !slices.Equal(trace.Providers, set.Match(q).Providers()) {
		t.Errorf("it reads %v", trace.Providers)
	}
	var applied, evaluated []*policy.Rule
	for _, g := range trace.Guardrails {
		if g.Applies() {
			applied = append(applied, g.Rule)
		}
	}
	for _, e := range want.Rules {
		if e.Rule.Guardrail() {
			evaluated = append(evaluated, e.Rule)
		}
	}
	if len(want.Rules) > 0 && !slices.Equal(applied, evaluated) {
		t.Errorf("%d guardrails are said to apply, and %d do", len(applied), len(evaluated))
	}
	chosen := ""
	for i, r := range trace.Routes {
		if (r.Lost == policy.Chosen) != (r.Why == "") || r.Lost == policy.Chosen && i > 0 {
			t.Errorf("route %d: lost %d, because %q", i, r.Lost, r.Why)
		}
		if r.Lost == policy.Chosen {
			chosen = r.Policy + " " + r.Name
		}
	}
	if want.Route != "" && chosen != want.Policy+" "+want.Route || want.Route == "" && chosen != "" {
		t.Errorf("the route %q is said to be chosen, and %q is", chosen, want.Route)
	}
	for i, r := range trace.Rules {
		checkParts(t, r, want.Rules[i])
		for j := range r.Parts {
			r.Parts[j].Observed = nil
		}
		if again := r.Rule.Trace(q); !reflect.DeepEqual(again, r) {
			t.Errorf("%v alone traces otherwise: %+v, %+v", r.Rule.Position(), again, r)
		}
	}
	if len(trace.Ambiguous) > 0 != (want.Reason.String() == "bad_header") {
		t.Errorf("%v are ambiguous, and the reason is %v", trace.Ambiguous, want.Reason)
	}
}

// checkParts holds the parts together to what was evaluated: of headers all must hold.
func checkParts(t *testing.T, r policy.RuleTrace, want policy.Evaluation) {
	t.Helper()
	worst := map[policy.Conjuncts]policy.Outcome{}
	for _, p := range r.Parts {
		if o, ok := worst[p.Conjunct]; !ok || o == policy.Held || p.Outcome == policy.Failed {
			worst[p.Conjunct] = p.Outcome
		}
	}
	for name, bit := range want.Rule.Named().Each {
		outcome := policy.Failed
		switch {
		case want.Held&bit != 0:
			outcome = policy.Held
		case want.Erred&bit != 0:
			outcome = policy.Untold
		case want.Skipped&bit != 0:
			outcome = policy.Skipped
		}
		if got, ok := worst[bit]; !ok || got != outcome {
			t.Errorf("%v: %s is said to have %v (%v), and has %v", r.Rule.Position(), name, got, ok, outcome)
		}
	}
}

const traced = `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  deny:
  - {name: debug, headers: {x-debug: {present: true}, x-mode: {any: [raw, wild]}}}
  routes:
  - {name: one, http: {methods: [GET], path: "/orders/{id}"}, allow: [{callers: [anyone]}]}
  - {name: export, http: {methods: [POST], path: /orders/export}, allow: [{callers: [anyone]}]}
  - {name: all, http: {methods: [GET], path: "/{rest...}"}, allow: [{callers: [anyone]}]}
  - {name: hosted, http: {methods: [GET], path: /hosted, hosts: [a.test]}, allow: [{callers: [anyone]}]}
  - {name: unhosted, http: {methods: [POST], path: /hosted}, allow: [{callers: [anyone]}]}
  - {name: live, http: {methods: [GET], path: /live, upgrade: [websocket]}, allow: [{callers: [anyone]}]}
  - {name: svc, http: {methods: [POST], path: "/shop.v1.Pay/{method}"}, allow: [{callers: [anyone]}]}
  - {name: pay, grpc: {service: shop.v1.Pay, methods: [Charge]}, allow: [{callers: [anyone]}]}
---
apiVersion: postern.dev/v1alpha1
kind: MeshPolicy
metadata: {name: company}
spec:
  guardrails:
  - {name: everything, workloads: ["spiffe://shop.test/**"], require: {source: [10.0.0.0/8]}}
  - name: admin
    workloads: ["spiffe://shop.test/**"]
    http: {methods: [GET, POST], path: "/admin/{rest...}", hosts: [a.test]}
    except: [{http: {path: /admin/healthz}}, {grpc: {service: shop.v1.Pay, methods: [Charge]}}]
    deny: {callers: [anyone]}
  - {name: pay, workloads: ["spiffe://shop.test/**"], grpc: {service: shop.v1.Pay, methods: [Charge]}, except: [{grpc: {service: shop.v1.Pay}}], deny: {callers: [anyone]}}
`

func compileTraced(t *testing.T, text string) *policy.Set {
	t.Helper()
	documents, err := syntax.Parse("a.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	set, err := policy.Compile(documents, options)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestTraceRoutes(t *testing.T) {
	set := compileTraced(t, traced)
	for _, tc := range []struct {
		request string
		want    []string // the routes, nearest first: "name: why"
	}{
		{"GET /orders/7", []string{"one: ", "all: a narrower path matches, that of a.yaml:9:46"}},
		{"GET /orders/export", []string{
			"export: it has no GET", "one: a narrower path matches, that of a.yaml:10:50", "all: a narrower path matches, that of a.yaml:10:50",
		}},
		{"GET /hosted", []string{"hosted: it is for the host a.test", "unhosted: it has no GET", "all: a narrower path matches, that of a.yaml:12:49"}},
		{"POST /hosted host=a.test", []string{
			"hosted: it has no POST", "unhosted: another route of this path names the host a.test, and so has all its requests",
			"all: a narrower path matches, that of a.yaml:12:49",
		}},
		{"GET /live", []string{"live: it is for requests that upgrade to websocket alone", "all: a narrower path matches, that of a.yaml:14:47"}},
		{"GET /live upgrade=h2c", []string{"live: it offers no upgrade to h2c", "all: a narrower path matches, that of a.yaml:14:47"}},
		{"GET /orders/7 upgrade=websocket", []string{"one: it offers no upgrade to websocket", "all: a narrower path matches, that of a.yaml:9:46"}},
		{"POST /shop.v1.Pay/Charge", []string{
			"pay: it is for gRPC calls: the request is not HTTP/2", "all: the paths of the gRPC service shop.v1.Pay belong to its gRPC routes",
			"svc: the paths of the gRPC service shop.v1.Pay belong to its gRPC routes",
		}},
		{"POST /shop.v1.Pay/Charge grpc", []string{
			"pay: ", "all: the paths of the gRPC service shop.v1.Pay belong to its gRPC routes",
			"svc: the paths of the gRPC service shop.v1.Pay belong to its gRPC routes",
		}},
		{"GET /shop.v1.Pay/Charge grpc", []string{"pay: it is for gRPC calls: the method is not POST", "all: *", "svc: *"}},
		{"POST /shop.v1.Pay/Charge h2", []string{"pay: it is for gRPC calls: there is not one content-type application/grpc or application/grpc+…", "all: *", "svc: *"}},
		{"POST /shop.v1.Pay/Charge?x grpc", []string{"pay: it is for gRPC calls: the path has escapes, or a query", "all: *", "svc: *"}},
		{"CONNECT /orders/7", []string{"one: CONNECT is never granted", "all: CONNECT is never granted"}},
	} {
		t.Run(tc.request, func(t *testing.T) {
			q := parseCase(t, strings.Fields(tc.request))
			var got []string
			for i, r := range set.Trace(&q).Routes {
				why := r.Why
				if i < len(tc.want) && strings.HasSuffix(tc.want[i], ": *") {
					why = "*"
				}
				got = append(got, r.Name+": "+why)
			}
			slices.Sort(got[1:])
			slices.Sort(tc.want[1:])
			if !slices.Equal(got, tc.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
			}
		})
	}
}

func TestTraceNearMisses(t *testing.T) {
	for _, tc := range []struct{ template, path, want string }{
		{"/orders", "/orders/", "the request's path has a slash at its end, and the route's has none"},
		{"/orders/", "/orders", "the request's path has no slash at its end, and the route's has one"},
		{"/admin/{rest...}", "/admin", "the request's path has no slash at its end, and the route's has one"},
		{"/orders/{id}", "/orders/7/", "the request's path has a slash at its end, and the route's has none"},
		{"/orders/{id}", "/orders/", "segment 2 of the request's path is empty"},
		{"/orders/{id}", "/Orders/7", `segment 1 of the path is "Orders", and the route has "orders"`},
		{"/orders/{id}", "/order/7", `segment 1 of the path is "order", and the route has "orders"`},
		{"/orders/{id}/items", "/orders/7/parts", `segment 3 of the path is "parts", and the route has "items"`},
		{"/orders/{id}", "/orders", "the request's path ends where the route's goes on"},
		{"/orders", "/orders/7", "the request's path goes on where the route's ends"},
		{"/orders/{id}", "/orders/7/x", "the request's path goes on where the route's ends"},
		{"/files/{rest...}", "/file/a/b/c", `segment 1 of the path is "file", and the route has "files"`},
		{"/orders", "/stock", ""},
		{"/orders/{id}", "/stock/7", ""},
		{"/a/b/c", "/x/y/c", ""},
		{"/orders", "/a/b/c/d", ""},
		{"/a/b/c/d", "/a", ""},
		{"/a/b/c", "/a/x", ""},
		{"/", "/orders/7", ""},
		{"/orders/7", "/", ""},
	} {
		text := strings.Split(traced, "  - {name: one")[0]
		text += fmt.Sprintf("  - {name: one, http: {methods: [GET], path: %q}, allow: [{callers: [anyone]}]}\n", tc.template)
		q := parseCase(t, []string{"GET", tc.path})
		trace := compileTraced(t, text).Trace(&q)
		got := ""
		if len(trace.Routes) == 1 {
			got = trace.Routes[0].Why
			if trace.Routes[0].Lost != policy.LostPath {
				t.Errorf("%s, %s: lost %d", tc.template, tc.path, trace.Routes[0].Lost)
			}
		}
		if got != tc.want {
			t.Errorf("%s, %s: got %q, want %q", tc.template, tc.path, got, tc.want)
		}
	}
}

func TestTraceNamesFewOfManyRoutes(t *testing.T) {
	text := strings.Split(traced, "  - {name: one")[0]
	for i := range 40 {
		text += fmt.Sprintf("  - {name: r%d, http: {methods: [GET], path: \"/orders/x%d\"}, allow: [{callers: [anyone]}]}\n", i, i)
		text += fmt.Sprintf("  - {name: h%d, http: {methods: [GET], path: \"/hosted\", hosts: [h%d.test]}, allow: [{callers: [anyone]}]}\n", i, i)
	}
	set := compileTraced(t, text)
	q := parseCase(t, []string{"GET", "/orders/y"})
	if got := set.Trace(&q); len(got.Routes) != 5 || got.Omitted != 0 {
		t.Errorf("%d routes of another path, %d omitted", len(got.Routes), got.Omitted)
	}
	q = parseCase(t, []string{"GET", "/hosted"})
	if got := set.Trace(&q); len(got.Routes) != 20 || got.Omitted != 20 {
		t.Errorf("%d routes of this path, %d omitted", len(got.Routes), got.Omitted)
	}
}

func TestTraceGuardrails(t *testing.T) {
	set := compileTraced(t, traced)
	for _, tc := range []struct{ request, admin, pay string }{
		{"GET /admin/x host=a.test", "", "another service"},
		{"GET /admin/x host=b.test", "another host", "another service"},
		{"PUT /admin/x host=a.test", "another method", "another service"},
		{"GET /orders/7 host=a.test", "another path", "another service"},
		{"GET /admin/healthz host=a.test", "taken out by its except for http /admin/healthz", "another service"},
		{"GET /shop.v1.Pay/Charge", "another host", ""},
		{"GET /shop.v1.Pay/Refund", "another host", "another method of the service"},
		{"POST /shop.v1.Pay/Charge grpc", "another host", "taken out by its except for grpc shop.v1.Pay"},
	} {
		q := parseCase(t, strings.Fields(tc.request))
		got := set.Trace(&q).Guardrails
		if len(got) != 3 || !got[0].Applies() || got[1].Why != tc.admin || got[2].Why != tc.pay {
			t.Errorf("%s: got %+v", tc.request, got)
			continue
		}
		if got[0].Area != "every request" || got[1].Area != "http GET,POST /admin/{rest...} on a.test" || got[2].Area != "grpc shop.v1.Pay/Charge" {
			t.Errorf("areas %q, %q, %q", got[0].Area, got[1].Area, got[2].Area)
		}
	}
}

func TestTraceParts(t *testing.T) {
	text := strings.Replace(traced, "allow: [{callers: [anyone]}]}\n", `allow: [{callers: [spiffe://shop.test/web, "spiffe://shop.test/ns/**"], source: [10.0.0.0/8, "fd00::/8"], headers: {x-a: {all: [p, q]}}, user: {provider: [shop-idp, staff-idp], subjects: a, clients: c, audiences: o, scopes: {all: [s, t]}, roles: {any: [r, q]}, acr: mfa, amr: otp, maxAge: 5m, bound: mtls}}]}`+"\n", 1)
	text += "---\napiVersion: postern.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {name: shop-idp}\nspec: {jwt: {issuer: https://a.test, audiences: [a], algorithms: [ES256], jwks: {discovery: true}}}\n"
	text += "---\napiVersion: postern.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {name: staff-idp}\nspec: {jwt: {issuer: https://b.test, audiences: [a], algorithms: [ES256], jwks: {discovery: true}}}\n"
	set := compileTraced(t, text)
	for _, tc := range []struct{ request, want string }{
		{
			"GET /orders/7 caller=web source=::ffff:10.1.2.3 h:x-a=p h:x-a=q user=shop-idp/a client=c aud=o scopes=s,t roles=r acr=mfa amr=otp,pwd age=4m bound",
			`callers held any [spiffe://shop.test/web spiffe://shop.test/ns/**] [spiffe://shop.test/ns/shop/sa/web]
user held any [shop-idp staff-idp] [shop-idp]
subjects held any [a] [a]
clients held any [c] [c]
audiences held any [o] [o]
scopes held all [s t] [s t]
roles held any [q r] [r]
acr held any [mfa] [mfa]
amr held any [otp] [otp pwd]
max_age held any [5m0s] [4m0s]
bound held any [mtls] [mtls]
headers x-a held all [p q] [p q]
source held any [10.0.0.0/8 fd00::/8] [10.1.2.3]
`,
		},
		{
			"GET /orders/7 h:x-a=\\xff",
			`callers failed any [spiffe://shop.test/web spiffe://shop.test/ns/**] []
user failed any [shop-idp staff-idp] []
subjects failed any [a] []
clients failed any [c] []
audiences failed any [o] []
scopes failed all [s t] []
roles failed any [q r] []
acr failed any [mfa] []
amr failed any [otp] []
max_age failed any [5m0s] []
bound failed any [mtls] []
headers x-a error all [p q] ["\xff"] (a value is not UTF-8)
source failed any [10.0.0.0/8 fd00::/8] [192.0.2.1]
`,
		},
	} {
		q := parseCase(t, strings.Fields(tc.request))
		rules := set.Trace(&q).Rules
		var got strings.Builder
		for _, p := range rules[len(rules)-1].Parts {
			name, any, why := p.Name(), "any", ""
			if p.Header != "" {
				name += " " + p.Header
			}
			if p.All {
				any = "all"
			}
			if p.Why != "" {
				why = " (" + p.Why + ")"
			}
			has := fmt.Sprint(p.Has)
			if strings.Contains(has, "\xff") {
				has = fmt.Sprintf("%q", p.Has)
			}
			fmt.Fprintf(&got, "%s %v %s %v %s%s\n", name, p.Outcome, any, p.Wants, has, why)
		}
		if got.String() != tc.want {
			t.Errorf("got\n%swant\n%s", got.String(), tc.want)
		}
	}
}

func TestTraceHeaders(t *testing.T) {
	set := compileTraced(t, traced)
	for _, tc := range []struct{ request, debug, mode string }{
		{"GET /orders/7", "failed", "failed"},
		{"GET /orders/7 h:x-debug=1 h:x-mode=wild", "held", "held"},
		{"GET /orders/7 h:x-debug=1 h:x-mode=raw,x", "held", "error: an element of a list would match, and Envoy may have joined two headers to that list"},
		{"GET /orders/7 h:x-mode=\\xff", "failed", "error: a value is not UTF-8"},
	} {
		q := parseCase(t, strings.Fields(tc.request))
		parts := set.Trace(&q).Rules[1].Parts
		for i, want := range []string{tc.debug, tc.mode} {
			got := parts[i].Outcome.String()
			if parts[i].Why != "" {
				got += ": " + parts[i].Why
			}
			if got != want {
				t.Errorf("%s: %s is %q, want %q", tc.request, parts[i].Header, got, want)
			}
		}
		if p := parts[0].Present; p == nil || !*p || parts[1].Present != nil {
			t.Errorf("%s: present %v, %v", tc.request, p, parts[1].Present)
		}
	}
	q := parseCase(t, strings.Fields("GET /orders/7 h:x-debug=1,2 joined"))
	if got := set.Trace(&q); !slices.Equal(got.Ambiguous, []string{"x-debug"}) || len(got.Rules) != 0 {
		t.Errorf("ambiguous %v, %d rules", got.Ambiguous, len(got.Rules))
	}
}

func TestTraceOfNothing(t *testing.T) {
	q := parseCase(t, []string{"GET", "/"})
	var none *policy.Set
	if got := none.Trace(&q); got.Decision.Allow || got.Decision.Reason.String() != "no_policy" {
		t.Errorf("no set: %+v", got)
	}
	if got := compileTraced(t, traced).Trace(&policy.Request{}); got.Decision.Allow || got.Decision.Reason.String() != "bad_request" {
		t.Errorf("no request: %+v", got)
	}
	if (policy.Part{}).Name() != "" || policy.Skipped.String() != "skipped" {
		t.Error("a part without a conjunct has a name")
	}
}

func TestSetRoute(t *testing.T) {
	set := compileTraced(t, traced)
	r, rules, ok := set.Route("shop/orders", "pay")
	if !ok || r.String() != "grpc /shop.v1.Pay/Charge" || r.At.String() != "a.yaml:16:5" || len(rules) != 5 {
		t.Errorf("got %v %v with %d rules, %v", r.At, r, len(rules), ok)
	}
	if r, _, _ := set.Route("shop/orders", "hosted"); r.String() != "GET /hosted on a.test" {
		t.Errorf("got %v", r)
	}
	if r, _, _ := set.Route("shop/orders", "live"); r.String() != "GET /live upgrade websocket" {
		t.Errorf("got %v", r)
	}
	if _, rules, ok := set.Route("shop/other", "pay"); ok || len(rules) != 4 {
		t.Errorf("a route that is not there has %d rules", len(rules))
	}
	if _, rules, ok := (*policy.Set)(nil).Route("", ""); ok || rules != nil {
		t.Error("no set has a route")
	}
}
