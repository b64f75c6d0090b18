package explain_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/policy/explain"
)

// revocations cut off a caller, and users whose tokens say in two ways who they are.
const revocations = `---
apiVersion: postern.dev/v1alpha1
kind: Revocation
metadata: {name: incident}
spec:
  entries:
  - {name: alice-left, until: 2027-01-31T00:00:00Z, provider: shop-idp, subjects: [alice]}
  - {name: nested, until: 2027-01-31T00:00:00Z, provider: nested-idp, subjects: [bob]}
  - {until: 2027-01-31T00:00:00Z, callers: [spiffe://shop.test/ns/shop/sa/evil]}
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: nested-idp}
spec: {jwt: {issuer: https://nested.test/, audiences: [shop-api], algorithms: [ES256], jwks: {discovery: true}}, from: {header: x-nested}, claims: {subject: [who, id]}}
---
apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: nested, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - {name: nested, http: {methods: [GET], path: /nested}, allow: [{callers: [anyone], user: {provider: nested-idp}}]}
`

// advised is what is told to do: every word of it.
func advised(t *testing.T, x *explain.Explanation) string {
	t.Helper()
	var all []string
	for _, c := range x.Changes {
		all = append(all, slices.Concat(c.Request, c.Policy)...)
	}
	checkJSON(t, x)
	return strings.Join(all, "; ")
}

// TestRevokedIsNoMatterOfTheRequest: whom a Revocation cuts off has nothing to change in the
// request, and no rule to loosen. Only the entry is named.
func TestRevokedIsNoMatterOfTheRequest(t *testing.T) {
	e := explainer(t, &txtar.Archive{Files: []txtar.File{{Name: "a.yaml", Data: []byte(tokens + revocations)}}})
	const unknown = "take out or end the entry of a Revocation that the record names"
	for _, tc := range []struct {
		name         string
		ask          explain.Question
		reason, want string
		user, shown  string
	}{
		{"a user by flags", explain.Question{Path: "/two", User: "shop-idp/alice", Scopes: []string{"read"}}, "token_revoked", "take out or end a.yaml:38:5 (alice-left)", "alice", "alice of shop-idp: token_revoked"},
		{"a user whom the rule does not take anyhow", explain.Question{Path: "/one", User: "shop-idp/alice"}, "token_revoked", "take out or end a.yaml:38:5 (alice-left)", "alice", "alice of shop-idp: token_revoked"},
		{"a user by claims", explain.Question{Path: "/two", Headers: []string{"Authorization: Bearer " + jwt(t, nil)}}, "token_revoked", "take out or end a.yaml:38:5 (alice-left)", "alice", "alice of shop-idp: token_revoked"},
		{"a user by a claim in another", explain.Question{Path: "/nested", Headers: []string{"X-Nested: " + jwt(t, map[string]any{"iss": "https://nested.test/", "who": map[string]any{"id": "bob"}})}}, "token_revoked", "take out or end a.yaml:39:5 (nested)", "bob", "bob of nested-idp: token_revoked"},
		{"a credential", explain.Question{Path: "/two", Credential: "token_revoked"}, "token_revoked", unknown, "", "none: token_revoked"},
		{"a credential of a provider", explain.Question{Path: "/two", User: "shop-idp", Credential: "token_revoked"}, "token_revoked", unknown, "", "none: token_revoked"},
		{"a caller", explain.Question{Path: "/two", Caller: "spiffe://shop.test/ns/shop/sa/evil"}, "certificate_revoked", "take out or end a.yaml:40:5", "", "not looked for"},
		{"another user", explain.Question{Path: "/one", User: "shop-idp/bob"}, "not_granted", "the user has the scope read; a.yaml:7:61: ask for less in scopes, which is now: read", "bob", "bob of shop-idp"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.ask.At = now
			x, err := e.Explain(tc.ask)
			if err != nil {
				t.Fatal(err)
			}
			if got := advised(t, x); x.Reason != tc.reason || got != tc.want || x.Request.User != tc.user {
				t.Errorf("%s, of the user %q: %s", x.Reason, x.Request.User, got)
			}
			if out := text(t, x); !strings.Contains(out, "  user      "+tc.shown+"\n") {
				t.Errorf("the user is told as\n%s", out)
			}
			if got := advised(t, e.Record(parse(t, recorded(t, e, tc.ask, "d1")))); strings.HasSuffix(tc.reason, "_revoked") && got != tc.want {
				t.Errorf("of the record: %s", got)
			}
		})
	}
}

// TestRevokedRecords: a record that names an entry is told of with it, whatever the policies are now.
func TestRevokedRecords(t *testing.T) {
	a, err := txtar.ParseFile(filepath.FromSlash("testdata/record.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	e := explainer(t, a)
	for _, tc := range []struct{ name, reason, rule, ruleName, want string }{
		{"a user", "token_revoked", "mesh.yaml:31:5", "mallory-left", "take out or end mesh.yaml:31:5 (mallory-left)"},
		{"a caller", "certificate_revoked", "mesh.yaml:31:5", "", "take out or end mesh.yaml:31:5"},
		{"no entry", "token_revoked", "", "", "take out or end the entry of a Revocation that the record names"},
		{"what a terminal would take for more", "token_revoked", "a\x1b[2J", "", `take out or end "a\x1b[2J"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			line, err := json.Marshal(map[string]any{
				"time": now, "request_id": "a", "decision": "deny", "reason": tc.reason, "rule": tc.rule, "rule_name": tc.ruleName,
				"policy": "shop/orders", "route": "read-order", "policy_digest": "d0", "user": "mallory", "provider": "shop-idp",
				"rules": []any{map[string]any{"rule": "orders.yaml:12:7", "name": "web", "effect": "allow", "conjuncts": map[string]any{"callers": true, "user": false}}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := advised(t, e.Record(parse(t, string(line)))); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}
