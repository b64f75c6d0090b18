package explain_test

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/policy/explain"
)

// delegated has routes for tokens that are bound, and for who acts for somebody.
const delegated = `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - {name: pay, http: {methods: [GET], path: /pay}, allow: [{callers: [anyone], user: {provider: shop-idp, bound: mtls}}]}
  - {name: look, http: {methods: [GET], path: /look}, allow: [{callers: [anyone], user: {provider: shop-idp}}]}
  - name: orders
    http: {methods: [GET], path: /orders}
    allow: [{callers: [spiffe://shop.test/web], user: {provider: shop-idp}, when: "user.actors[0].subject == caller.id"}]
  - name: batch
    http: {methods: [GET], path: /batch}
    allow: [{callers: [spiffe://shop.test/web], user: {provider: shop-idp}, when: "user.actors[0].subject == 'batch'"}]
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: shop-idp}
spec: {jwt: {issuer: https://idp.test/, audiences: [shop-api], algorithms: [ES256], jwks: {discovery: true}}}
`

// thumbprints as cnf has them: RFC 8705 section 3.1.
var (
	boundToSome  = map[string]any{"x5t#S256": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}
	boundToAKey  = map[string]any{"jkt": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}
	boundToWrong = map[string]any{"x5t#S256": "AAEC"}
)

// TestBoundTokens holds that a question, which knows no certificate, takes the one that a token is
// bound to for the caller's, says so, and says what the sidecar does without.
func TestBoundTokens(t *testing.T) {
	e := explainer(t, &txtar.Archive{Files: []txtar.File{{Name: "a.yaml", Data: []byte(delegated)}}})
	const says = "it is bound to a certificate (cnf), which is taken to be that of --caller"
	for _, tc := range []struct {
		name, path, caller string
		cnf                any
		want               string
		noted              bool
	}{
		{"with a caller", "/pay", "spiffe://shop.test/web", boundToSome, "allowed", true},
		{"without one", "/pay", "", boundToSome, "token_binding", true},
		{"where no rule asks, with a caller", "/look", "spiffe://shop.test/web", boundToSome, "allowed", true},
		{"where no rule asks, without one", "/look", "", boundToSome, "token_binding", true},
		{"not bound", "/pay", "spiffe://shop.test/web", nil, "not_granted", false},
		{"not bound, where no rule asks", "/look", "", nil, "allowed", false},
		{"bound to a key", "/look", "spiffe://shop.test/web", boundToAKey, "token_binding", false},
		{"bound to no certificate", "/look", "spiffe://shop.test/web", boundToWrong, "token_binding", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			x, err := e.Explain(explain.Question{At: now, Path: tc.path, Caller: tc.caller, Headers: []string{
				"Authorization: Bearer " + jwt(t, map[string]any{"cnf": tc.cnf}),
			}})
			if err != nil {
				t.Fatal(err)
			}
			if noted := strings.Contains(strings.Join(x.Notes, "\n"), says); x.Reason != tc.want || noted != tc.noted {
				t.Errorf("got %s, want %s; notes %q", x.Reason, tc.want, x.Notes)
			}
			for _, c := range x.Changes {
				if c.Tried {
					checkChange(t, e, x, c)
				}
			}
		})
	}
}

func TestBoundInTheTable(t *testing.T) {
	e := explainer(t, &txtar.Archive{Files: []txtar.File{{Name: "a.yaml", Data: []byte(delegated)}}})
	x, err := e.Explain(explain.Question{At: now, Path: "/pay", Caller: "spiffe://shop.test/web", User: "shop-idp/alice"})
	if err != nil {
		t.Fatal(err)
	}
	p := x.Rules[0].Parts[len(x.Rules[0].Parts)-1]
	if p.Conjunct != "bound" || p.Outcome != "failed" || p.Wants != "the certificate of the caller (mtls)" || p.Has != "nothing" {
		t.Errorf("%+v", p)
	}
	const want = "the token is bound to the certificate of the caller (mtls)"
	if len(x.Changes) != 1 || !x.Changes[0].Tried || strings.Join(x.Changes[0].Request, "") != want ||
		!strings.Contains(strings.Join(x.Changes[0].Policy, ""), "ask for less in bound, which is now: the certificate of the caller (mtls)") {
		t.Errorf("%+v", x.Changes)
	}
}

// TestActorsAreChanged holds that the actor is among what an explanation tries.
func TestActorsAreChanged(t *testing.T) {
	e := explainer(t, &txtar.Archive{Files: []txtar.File{{Name: "a.yaml", Data: []byte(delegated)}}})
	for _, tc := range []struct{ name, path, actor, reason, change string }{
		{"the caller acts", "/orders", "spiffe://shop.test/web", "allowed", "the caller is none of spiffe://shop.test/web"},
		{"another", "/orders", "x", "not_granted", "who acts for the user now is spiffe://shop.test/web"},
		{"nobody", "/orders", "", "not_granted", "who acts for the user now is spiffe://shop.test/web"},
		{"a name in the condition", "/batch", "x", "not_granted", "who acts for the user now is batch"},
	} {
		q := explain.Question{At: now, Path: tc.path, Caller: "spiffe://shop.test/web", User: "shop-idp/alice"}
		if tc.actor != "" {
			q.Actors = []string{tc.actor}
		}
		x, err := e.Explain(q)
		if err != nil {
			t.Fatal(err)
		}
		if x.Reason != tc.reason || len(x.Changes) == 0 || x.Changes[0].Request[0] != tc.change || !x.Changes[0].Tried {
			t.Errorf("%s: %s, %+v", tc.name, x.Reason, x.Changes)
		}
	}
}

func TestBadBindingsAndActors(t *testing.T) {
	e := explainer(t, &txtar.Archive{Files: []txtar.File{{Name: "a.yaml", Data: []byte(delegated)}}})
	for want, q := range map[string]explain.Question{
		`--bound: nothing can be bound to "dpop"`:    {User: "shop-idp/alice", Bound: "dpop"},
		`--actor: a user has at most 4 actors`:       {User: "shop-idp/alice", Actors: []string{"a", "b", "c", "d", "e"}},
		`--actor: an actor has a subject`:            {User: "shop-idp/alice", Actors: []string{""}},
		`what is said of a user needs the user`:      {Bound: "mtls"},
		`what is said of a user needs`:               {Actors: []string{"a"}},
		`a credential that is refused speaks for no`: {User: "shop-idp", Credential: "token_expired", Actors: []string{"a"}},
	} {
		q.At, q.Path = now, "/pay"
		if _, err := e.Explain(q); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
