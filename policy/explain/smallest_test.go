package explain_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/policy/explain"
)

// TestNothingOfAChangeIsNeedless leaves out, of every change of several things, one after the
// other, and follows the rest: none of that may do.
func TestNothingOfAChangeIsNeedless(t *testing.T) {
	files, err := filepath.Glob("../testdata/decide/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	known, less := advices(), 0
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		e := explainer(t, a)
		for _, q := range mixed(questions(t, a), 1) {
			x, err := e.Explain(q)
			if err != nil {
				continue // as in TestEveryTriedChangeChangesTheDecision
			}
			for _, c := range x.Changes {
				for i := range c.Request {
					if !c.Tried || len(c.Request) < 2 {
						continue
					}
					less++
					rest := slices.Delete(slices.Clone(c.Request), i, i+1)
					if d := followed(e, q, rest, known); d == "allow" {
						t.Errorf("%s: %s %s: of %q, %q is needless", file, q.Method, q.Path, c.Request, c.Request[i])
					}
				}
			}
		}
	}
	if less < 100 {
		t.Errorf("only %d changes were made smaller", less)
	}
}

// followed is the decision once all that is said was done; "" when that cannot be.
func followed(e *explain.Explainer, q explain.Question, all []string, known []advice) string {
	for _, say := range all {
		for _, a := range known {
			if words := a.says.FindStringSubmatch(say); words != nil {
				q = a.follow(q, words[1:])
				break
			}
		}
	}
	x, err := e.Explain(q)
	if err != nil {
		return ""
	}
	return x.Decision
}

const provider = "---\napiVersion: postern.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {name: idp}\nspec: {jwt: {issuer: https://idp.test/, audiences: [a], algorithms: [ES256], jwks: {discovery: true}}}\n"

// ruled is a policy with one route, GET /one, and these allows, behind what else is in its spec.
func ruled(t testing.TB, spec string, allows ...string) *explain.Explainer {
	t.Helper()
	text := "apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: orders, namespace: shop}\nspec:\n  workloads: [spiffe://shop.test/ns/shop/sa/orders]\n" +
		spec + "  routes:\n  - name: one\n    http: {methods: [GET], path: /one}\n    allow:\n"
	for i, allow := range allows {
		text += fmt.Sprintf("    - {name: r%d, %s}\n", i, allow)
	}
	return explainer(t, &txtar.Archive{Files: []txtar.File{{Name: "a.yaml", Data: []byte(text + provider)}}})
}

// TestTheSmallestComesFirst holds the order of changes: fewer things first, then those that were
// tried, then by place.
func TestTheSmallestComesFirst(t *testing.T) {
	for _, tc := range []struct {
		name   string
		spec   string
		allows []string
		q      explain.Question
		want   []string // rule, whether it was tried, and what of the request
	}{
		{
			"fewer parts fail", "", []string{
				"callers: [spiffe://shop.test/a], headers: {x-a: p, x-b: q}",
				"callers: [spiffe://shop.test/a], headers: {x-a: p}",
			},
			explain.Question{Caller: "spiffe://shop.test/a"},
			[]string{"r1 true: the header x-a is p"}, // which r0 is on the way to
		},
		{
			"of equal ones the first", "", []string{"callers: [spiffe://shop.test/a]", "callers: [spiffe://shop.test/b]"},
			explain.Question{}, []string{"r0 true: the caller is spiffe://shop.test/a", "r1 true: the caller is spiffe://shop.test/b"},
		},
		{
			"of equal ones what was tried", "", []string{
				"callers: [anyone], when: 'request.method == \"POST\"'",
				"callers: [spiffe://shop.test/b]",
			},
			explain.Question{}, []string{
				"r1 true: the caller is spiffe://shop.test/b",
				`r0 false: the condition holds: request.method == "POST"`,
			},
		},
		{
			"what two rules ask alike is told once", "", []string{"callers: [spiffe://shop.test/a]", "callers: [spiffe://shop.test/a]"},
			explain.Question{}, []string{"r0 true: the caller is spiffe://shop.test/a"},
		},
		{
			"no more than three", "", []string{"callers: [spiffe://shop.test/a]", "callers: [spiffe://shop.test/b]", "callers: [spiffe://shop.test/c]", "callers: [spiffe://shop.test/d]"},
			explain.Question{}, []string{
				"r0 true: the caller is spiffe://shop.test/a", "r1 true: the caller is spiffe://shop.test/b", "r2 true: the caller is spiffe://shop.test/c",
			},
		},
		{
			"a shadow rule is no way", "", []string{"callers: [spiffe://shop.test/a], shadow: true", "callers: [spiffe://shop.test/b]"},
			explain.Question{}, []string{"r1 true: the caller is spiffe://shop.test/b"},
		},
		{
			"a deny goes, too", "  deny: [{name: no-debug, headers: {x-debug: {present: true}}}]\n", []string{"callers: [spiffe://shop.test/a]"},
			explain.Question{Headers: []string{"x-debug: 1"}},
			[]string{"r0 true: the header x-debug is not sent; the caller is spiffe://shop.test/a"},
		},
		{
			"a deny of a caller takes another", "  deny: [{callers: [spiffe://shop.test/evil]}]\n", []string{"callers: [\"spiffe://shop.test/*\"]"},
			explain.Question{Caller: "spiffe://shop.test/evil"},
			[]string{"r0 false: the deny a.yaml:6:10 does not match"},
		},
		{
			"of a deny the part that can go", "  deny: [{callers: [anyone], source: [10.0.0.0/8]}]\n", []string{"callers: [anyone]"},
			explain.Question{Source: "10.0.0.1"}, []string{"r0 true: the source address is not in 10.0.0.0/8"},
		},
		{
			"a deny that errs", "  deny: [{when: 'user.claims.level < 3'}]\n", []string{"callers: [anyone], user: {provider: idp}"},
			explain.Question{User: "idp/a"}, []string{"r0 true: the claim level is 3"},
		},
		{
			"a deny that nothing takes away", "  deny: [{callers: [anyone]}]\n", []string{"callers: [anyone]"},
			explain.Question{}, []string{"r0 false: the deny a.yaml:6:10 does not match"},
		},
		{
			"several things of one user", "", []string{"callers: [anyone], user: {provider: idp, scopes: {all: [s, t]}, acr: {any: [mfa, hw]}, maxAge: 5m}"},
			explain.Question{User: "idp/a", Scopes: []string{"s", "u"}},
			[]string{"r0 true: the user has the scope t, too; the user's acr is one of hw, mfa; the user logged in at most 5m0s ago"},
		},
		{
			"a role of a provider that has none", "", []string{"callers: [anyone], user: {provider: idp, roles: r}"},
			explain.Question{User: "idp/a"}, []string{"r0 false: what is asked of roles holds: r"},
		},
		{
			"many callers are not all told", "", []string{"callers: [spiffe://a.test/1, spiffe://a.test/2, spiffe://a.test/3, spiffe://a.test/4, spiffe://a.test/5, spiffe://a.test/6, spiffe://a.test/7, spiffe://a.test/8]"},
			explain.Question{}, []string{
				"r0 true: the caller is one of spiffe://a.test/1, spiffe://a.test/2, spiffe://a.test/3, spiffe://a.test/4, spiffe://a.test/5, spiffe://a.test/6 and 2 more",
			},
		},
		{
			"another day", "", []string{"callers: [anyone], when: request.time.getDayOfWeek() == 1"}, // 22 November 2026 is a Sunday
			explain.Question{}, []string{"r0 true: it is another time of the day, as 2026-11-23T00:00:00Z"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := ruled(t, tc.spec, tc.allows...)
			tc.q.At, tc.q.Path = now, "/one"
			x, err := e.Explain(tc.q)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range x.Changes {
				got = append(got, fmt.Sprintf("%s %v: %s", c.Name, c.Tried, strings.Join(c.Request, "; ")))
			}
			if x.Decision != "deny" || !slices.Equal(got, tc.want) {
				t.Errorf("%s; got\n%s\nwant\n%s", x.Decision, strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
			}
		})
	}
}

// TestWhatOfThePolicies holds what is proposed to whoever writes policies.
func TestWhatOfThePolicies(t *testing.T) {
	for _, tc := range []struct {
		spec, allow string
		q           explain.Question
		want        string
	}{
		{"", "callers: [spiffe://shop.test/a]", explain.Question{Caller: "spiffe://shop.test/b"}, "a.yaml:10:7 (r0): add spiffe://shop.test/b to its callers"},
		{"", "callers: [spiffe://shop.test/a]", explain.Question{}, "a.yaml:10:7 (r0): the request has no caller, and only anyone names none: write anyone if everybody is meant"},
		{"", "callers: [anyone], user: {provider: idp}", explain.Question{}, "a.yaml:10:7 (r0): ask for no user, or for one of another provider"},
		{"", "callers: [anyone], user: {provider: idp}", explain.Question{Credential: "token_expired"}, "nothing: a bad credential denies wherever one is read"},
		{"", "callers: [anyone], user: {provider: idp, maxAge: 1m}", explain.Question{User: "idp/a"}, "a.yaml:10:7 (r0): ask for less in maxAge, which is now: a login at most 1m0s ago"},
		{"", "callers: [anyone], headers: {x-a: b}", explain.Question{}, "a.yaml:10:7 (r0): ask for no header x-a, or for another value"},
		{"", "callers: [anyone], when: request.host == 'a.test'", explain.Question{}, "a.yaml:10:7 (r0): change its condition, which is now: request.host == 'a.test'"},
		{"  deny: [{name: d, source: [10.0.0.0/8]}]\n", "callers: [anyone]", explain.Question{Source: "10.0.0.1"}, "a.yaml:6:10 (d): make this deny narrower, or take it out"},
		{"", "callers: [anyone]", explain.Question{Method: "PUT"}, "a.yaml:7:5 (one): add this one to its methods"},
		{"", "callers: [anyone]", explain.Question{Upgrade: "h2c"}, "a.yaml:7:5 (one): a route of its own for requests with this upgrade, or without"},
		{"", "callers: [anyone]", explain.Question{Path: "/zzz"}, "a route for GET /zzz"},
		{"", "callers: [anyone]", explain.Question{Path: "/One"}, "a route for this path"},
	} {
		e := ruled(t, tc.spec, tc.allow)
		tc.q.At = now
		if tc.q.Path == "" {
			tc.q.Path = "/one"
		}
		x, err := e.Explain(tc.q)
		if err != nil {
			t.Fatal(err)
		}
		if len(x.Changes) == 0 || len(x.Changes[0].Policy) == 0 || x.Changes[0].Policy[0] != tc.want {
			t.Errorf("%s, %+v: got %+v, want %s", tc.allow, tc.q, x.Changes, tc.want)
		}
	}
}
