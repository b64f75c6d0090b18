package syntax_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/policy/syntax"
	"github.com/rogpeppe/go-internal/txtar"
)

const shopTests = `apiVersion: postern.dev/v1alpha1
kind: PolicyTest
metadata: {name: orders, namespace: shop}
spec:
  workload: spiffe://shop.test/ns/shop/sa/orders
  time: 2026-11-22T09:00:00Z
  host: orders.shop.test
  callers: {web: spiffe://shop.test/ns/shop/sa/web}
  users:
    alice: {provider: shop-idp, scopes: [orders:read], roles: [], authAge: 2m, claims: {level: 3, a: {b: [x]}}}
    bob: {like: alice, subject: bob, claims: {level: 4}}
    carol: {provider: shop-idp, bound: mtls, actors: [{subject: web, client: app}, {subject: batch}]}
    dave: {like: carol, actors: []}
  tests:
  - name: one
    request: GET /orders/7?x=y
    caller: web
    user: alice
    expect: allow
  - name: table
    request: {method: GET, path: /orders/7, host: a.test, headers: {x-a: b}, source: 10.0.0.1}
    caller: web
    user: bob
    time: 2026-11-23T09:00:00Z
    expect: {reason: not_granted}
    cases:
    - {caller: none, user: none}
    - {name: posted, request: {method: POST, headers: {}}, expect: {status: 200}}
    - {request: grpc a.B/C, caller: spiffe://shop.test/x, time: 2026-11-24T09:00:00Z}
    - {user: {provider: shop-idp, credential: token_expired}}
`

func TestPolicyTest(t *testing.T) {
	d := parse(t, shopTests)[0]
	if d.Kind != "PolicyTest" || d.Namespace != "shop" || d.PolicyTest == nil {
		t.Fatalf("%+v", d)
	}
	p := d.PolicyTest
	table := p.Tests[1].Rows()
	alice, bob := p.Users[0], p.Users[1]
	for _, tc := range []struct {
		what string
		got  any
		want string
	}{
		{"where it stands", p.Position, "shop.yaml:5:3"},
		{"the workload", p.Workload, "{spiffe://shop.test/ns/shop/sa/orders shop.yaml:5:13}"},
		{"the host", p.Host.Value, "orders.shop.test"},
		{"the time", p.Time.Format(time.RFC3339), "2026-11-22T09:00:00Z"},
		{"a caller", p.Callers[0], "{{web shop.yaml:8:13} {spiffe://shop.test/ns/shop/sa/web shop.yaml:8:18} { }}"},
		{"a user", alice.Name, "{alice shop.yaml:10:5}"},
		{"no roles are some", len(alice.Roles.Values), "0"},
		{"no amr is nothing said", alice.AMR == nil, "true"},
		{"age", alice.AuthAge.Age, "2m0s"},
		{"claims", alice.Claims, "[{{level shop.yaml:10:89} 3} {{a shop.yaml:10:99} map[b:[x]]}]"},
		{"what one is like", bob.Scopes.Values, "[{orders:read shop.yaml:10:42}]"},
		{"what one is not like", bob.Subject.Value, "bob"},
		{"a claim replaced", bob.Claims[0].Value, "4"},
		{"the other's is as it was", alice.Claims[0].Value, "3"},
		{"a claim kept", bob.Claims[1].Value, "map[b:[x]]"},

		{"what a token is bound to", p.Users[2].Bound, "{mtls shop.yaml:12:40}"},
		{"actors", p.Users[2].Actors.Actors, "[{{web shop.yaml:12:65} { } {app shop.yaml:12:78}} {{batch shop.yaml:12:94} { } { }}]"},
		{"nobody said of actors", alice.Actors == nil, "true"},
		{"no actors are some", len(p.Users[3].Actors.Actors), "0"},
		{"what one is bound like", p.Users[3].Bound.Value, "mtls"},

		{"a test", p.Tests[0].Position, "shop.yaml:15:5"},
		{"its rows", len(p.Tests[0].Rows()), "1"},
		{"its row has no name of its own", p.Tests[0].Rows()[0].Name.Value, ""},
		{"method", p.Tests[0].Request.Method.Value, "GET"},
		{"path", p.Tests[0].Request.Path.Value, "/orders/7?x=y"},
		{"expect", *p.Tests[0].Expect.Allow, "true"},
		{"caller", p.Tests[0].Caller.ID.Value, "spiffe://shop.test/ns/shop/sa/web"},
		{"user", p.Tests[0].User.Name.Value, "alice"},

		{"a case", table[0].Position, "shop.yaml:27:7"},
		{"no caller", table[0].Caller.ID.Value, ""},
		{"no user", table[0].User.Provider.Value, ""},
		{"the request of the test", table[0].Request.Host.Value, "a.test"},
		{"the time of the test", table[0].Time.Day(), "23"},
		{"a reason says the decision", *table[0].Expect.Allow, "false"},
		{"a case's name", table[1].Name.Value, "posted"},
		{"what a request replaces", table[1].Request.Method.Value, "POST"},
		{"what it does not", table[1].Request.Path.Value + table[1].Request.Source.Value, "/orders/710.0.0.1"},
		{"no headers replace headers", len(table[1].Request.Headers.Fields), "0"},
		{"a status says the decision", *table[1].Expect.Allow, "true"},
		{"a call has no method", table[2].Request.Method.Value + table[2].Request.Path.Value, ""},
		{"a call", table[2].Request.GRPC.Value, "a.B/C"},
		{"a caller written out", table[2].Caller, "&{{ } {spiffe://shop.test/x shop.yaml:29:37} { }}"},
		{"a case's time", table[2].Time.Day(), "24"},
		{"a bad credential", table[3].User.Credential.Value, "token_expired"},
		{"headers kept", table[3].Request.Headers.Fields, "[{x-a [{b shop.yaml:21:74}]}]"},
	} {
		if got := fmt.Sprint(tc.got); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.what, got, tc.want)
		}
	}
}

// TestPolicyTestsAreReadAgain holds that what is accepted means the same written out again.
func TestPolicyTestsAreReadAgain(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/policytest.txtar")
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{shopTests}
	for i := 1; i+1 < len(archive.Files); i += 2 {
		if len(archive.Files[i+1].Data) == 0 {
			texts = append(texts, strings.Replace(string(archive.Files[0].Data), "CASE\n", string(archive.Files[i].Data), 1))
		}
	}
	if len(texts) < 4 {
		t.Fatalf("%d texts", len(texts))
	}
	for _, text := range texts {
		head := object{"apiVersion": "postern.dev/v1alpha1", "kind": "PolicyTest", "metadata": object{"name": "a"}}
		head["spec"] = writePolicyTest(parse(t, text)[0].PolicyTest)
		written := toJSON(t, head)
		head["spec"] = writePolicyTest(parse(t, written)[0].PolicyTest)
		if again := toJSON(t, head); again != written {
			t.Errorf("%s\nis read again as\n%s", written, again)
		}
	}
}

// writePolicyTest is the inverse of reading one, with every name of a user written out.
func writePolicyTest(p *syntax.PolicyTest) object {
	callers, tests := object{}, []object{}
	for _, c := range p.Callers {
		callers[c.Name.Value] = compact(object{"id": c.ID.Value, "serial": c.Serial.Value})
	}
	users := object{}
	for _, u := range p.Users {
		users[u.Name.Value] = writeUser(&u)
	}
	for _, test := range p.Tests {
		o := writeCase(test.Case)
		cases := []object{}
		for _, row := range test.Cases {
			cases = append(cases, writeCase(row))
		}
		o["cases"] = cases
		tests = append(tests, compact(o))
	}
	return compact(object{
		"workload": p.Workload.Value, "time": writeTime(p.Time), "host": p.Host.Value, "callers": callers, "users": users, "tests": tests,
	})
}

func writeTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

func writeCase(c syntax.Case) object {
	o := object{"name": c.Name.Value, "time": writeTime(c.Time)}
	if c.Request != nil {
		o["request"] = writeRequest(c.Request)
	}
	if c.Caller != nil {
		o["caller"] = "none"
		if id := c.Caller.ID.Value; id != "" {
			o["caller"] = id
		}
	}
	if c.User != nil {
		if o["user"] = writeUser(c.User); len(o["user"].(object)) == 0 {
			o["user"] = "none"
		}
	}
	if c.Expect != nil {
		o["expect"] = writeExpect(c.Expect)
	}
	return compact(o)
}

func writeRequest(q *syntax.TestRequest) object {
	o := compact(object{
		"method": q.Method.Value, "path": q.Path.Value, "grpc": q.GRPC.Value, "host": q.Host.Value,
		"upgrade": q.Upgrade.Value, "source": q.Source.Value, "id": q.ID.Value,
	})
	if q.HTTP2 != nil {
		o["http2"] = *q.HTTP2
	}
	if q.Headers != nil {
		headers := object{}
		for _, h := range q.Headers.Fields {
			headers[h.Name] = texts(h.Values)
		}
		o["headers"] = headers
	}
	return o
}

func writeUser(u *syntax.TestUser) object {
	o := compact(object{
		"provider": u.Provider.Value, "credential": u.Credential.Value, "subject": u.Subject.Value, "client": u.Client.Value,
		"acr": u.ACR.Value, "keyID": u.KeyID.Value, "bound": u.Bound.Value,
	})
	if u.Actors != nil {
		actors := []object{}
		for _, a := range u.Actors.Actors {
			actors = append(actors, compact(object{"subject": a.Subject.Value, "issuer": a.Issuer.Value, "client": a.Client.Value}))
		}
		o["actors"] = actors
	}
	for name, v := range map[string]*syntax.TestValues{"audiences": u.Audiences, "scopes": u.Scopes, "roles": u.Roles, "amr": u.AMR} {
		if v != nil {
			o[name] = append([]string{}, texts(v.Values)...)
		}
	}
	for name, age := range map[string]*syntax.MaxAge{"authAge": u.AuthAge, "tokenAge": u.TokenAge} {
		if age != nil {
			o[name] = age.Age.String()
		}
	}
	if len(u.Claims) > 0 {
		claims := object{}
		for _, c := range u.Claims {
			claims[c.Name.Value] = c.Value
		}
		o["claims"] = claims
	}
	return o
}

func writeExpect(e *syntax.Expectation) object {
	word := func(allowed *bool) string {
		switch {
		case allowed == nil:
			return ""
		case *allowed:
			return "allow"
		}
		return "deny"
	}
	o := compact(object{
		"decision": word(e.Allow), "reason": e.Reason.Value, "rule": e.Rule.Value, "route": e.Route.Value, "shadow": word(e.Shadow),
	})
	if e.Status != 0 {
		o["status"] = e.Status
	}
	return o
}
