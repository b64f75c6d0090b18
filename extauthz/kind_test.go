package extauthz_test

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"

	"github.com/postern/postern/extauthz"
	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
)

// The folder of a toy kind. Its credentials are opaque, so that only their issuer knows what they mean;
// each is bound to one request by a second header; and there are no keys.

// ticketKind is what its line in provider.Kinds would call.
func ticketKind(ask func(context.Context, string) (string, error)) kind.Kind {
	return kind.Kind{
		Name: "ticket",
		Is:   func(p identity.Provider) bool { return p.Name == "tickets" },
		New: func(p identity.Provider, env kind.Env) (kind.Source, error) {
			return &tickets{name: p.Name, ask: ask, told: kind.NewKeeper[struct{}, string](env.Memory)}, nil
		},
	}
}

// patience is for how long it waits for the issuer.
const patience = 50 * time.Millisecond

type tickets struct {
	name string
	ask  func(ctx context.Context, ticket string) (subject string, err error)
	told *kind.Keeper[struct{}, string]
}

func (s *tickets) Start() error                     { return nil }
func (s *tickets) Stop()                            {}
func (s *tickets) Prover() kind.Prover              { return s }
func (s *tickets) Health() kind.Health              { return kind.Health{Error: "the issuer is a toy"} }
func (s *tickets) MaxSize() int                     { return 100 }
func (s *tickets) Match(*kind.Presented) kind.Match { return kind.Own }
func proofOf(r *kind.Request, ticket string) string {
	return r.Method + " " + r.Scheme + "://" + r.Host + r.Path + " " + ticket
}
func same(a, b string) bool                      { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
func refused(code reason.Code, why string) error { return reason.Errorf(code, "%s", why) }

func (s *tickets) Prove(ctx context.Context, c *kind.Presented, at time.Time, _ identity.Caller) (*identity.User, int, error) {
	r := c.Request()
	if proof, n := r.Headers.First("x-proof"); n != 1 || !same(proof, proofOf(r, c.Raw())) {
		return nil, 0, refused(reason.TokenBinding, "the proof is not of this request")
	}
	told := s.told.Of(struct{}{})
	subject, ok := told.Get(c)
	if !ok {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		var err error
		if subject, err = s.ask(ctx, c.Raw()); err != nil {
			return nil, 3, refused(reason.KeysUnavailable, "the issuer did not answer")
		}
		told.Put(c, subject, len(subject))
	}
	if subject == "" {
		return nil, 0, refused(reason.TokenSignature, "the issuer does not know it")
	}
	return &identity.User{Provider: s.name, Subject: subject, Expires: at.Add(time.Minute)}, 0, nil
}

const ticketPolicy = `
apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - name: mine
    http: {methods: [GET, POST], path: /mine}
    allow: [{callers: [anyone], user: {provider: tickets, subjects: {any: [alice]}}}]
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: tickets}
spec:
  jwt: {issuer: "https://idp.shop.test/", audiences: [shop-api], algorithms: [ES256], jwks: {file: keys.json}}
`

// TestAKindIsAFolderAndALine: all that a kind to come may need, from a request to its answer.
func TestAKindIsAFolderAndALine(t *testing.T) {
	asked := map[string]int{}
	users := provider.NewManager(provider.Options{Kinds: []kind.Kind{ticketKind(func(ctx context.Context, ticket string) (string, error) {
		asked[strings.Clone(ticket)]++
		switch ticket {
		case "slow":
			<-ctx.Done()
			return "", ctx.Err()
		case "down":
			return "", errors.New("connection refused")
		case "a", "b":
			return map[string]string{"a": "alice", "b": "bob"}[ticket], nil
		}
		return "", nil
	})}})
	if err := users.Configure([]identity.Provider{{Name: "tickets", From: identity.Place{Header: "authorization", Scheme: "Ticket"}}}); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	set := compile(t, ticketPolicy)
	w.current.Update(func(s *extauthz.Snapshot) { s.Policy, s.Users = set, users.Current() })

	here := func(ticket string) string { return "GET https://orders.shop.test/mine?n=1 " + ticket }
	method := edit(func(r *authv3.AttributeContext_HttpRequest) { r.Method = "POST" })
	plain := edit(func(r *authv3.AttributeContext_HttpRequest) { r.Scheme = "http" })
	for name, tc := range map[string]struct {
		ticket, proof string
		edits         []func(*authv3.AttributeContext)
		want          reason.Code
		status        int
	}{
		"sound":              {"a", here("a"), nil, reason.Allowed, 200},
		"of somebody else":   {"b", here("b"), nil, reason.NotGranted, 403},
		"of nobody":          {"c", here("c"), nil, reason.TokenSignature, 401},
		"with another's":     {"a", here("b"), nil, reason.TokenBinding, 401},
		"without proof":      {"a", "", nil, reason.TokenBinding, 401},
		"of another method":  {"a", here("a"), []func(*authv3.AttributeContext){method}, reason.TokenBinding, 401},
		"of another scheme":  {"a", here("a"), []func(*authv3.AttributeContext){plain}, reason.TokenBinding, 401},
		"two proofs":         {"a", here("a"), []func(*authv3.AttributeContext){addHeader("x-proof", here("a"))}, reason.TokenBinding, 401},
		"none":               {"", "", nil, reason.CredentialMissing, 401},
		"no ticket":          {"a b", "", nil, reason.TokenMalformed, 401},
		"too long":           {string(slices.Repeat([]byte("a"), 101)), "", nil, reason.TokenTooLarge, 401},
		"of an issuer gone":  {"down", here("down"), nil, reason.KeysUnavailable, 503},
		"of an issuer stuck": {"slow", here("slow"), nil, reason.KeysUnavailable, 503},
	} {
		edits := []func(*authv3.AttributeContext){setPath("/mine?n=1")}
		if tc.ticket != "" {
			edits = append(edits, addHeader("authorization", "Ticket "+tc.ticket))
		}
		if tc.proof != "" {
			edits = append(edits, addHeader("x-proof", tc.proof))
		}
		for range 2 {
			r := w.ask(t, check(t, w, web, append(slices.Clone(edits), tc.edits...)...))
			if got := w.last(t).Decision.Reason; got != tc.want || allowed(r) != (tc.status == 200) || !allowed(r) && statusOf(r) != tc.status {
				t.Errorf("%s: %v with %d, want %v with %d", name, got, statusOf(r), tc.want, tc.status)
			}
		}
	}
	if asked["a"] != 1 || asked["slow"] != 2 {
		t.Errorf("asked %v: what is told is kept, and what is not told is asked again", asked)
	}
	if s := users.Current().Status(); len(s) != 1 || s[0].Keys != nil || s[0].Kind != "ticket" || s[0].Error == "" {
		t.Errorf("status %+v", s)
	}
}

func statusOf(r *authv3.CheckResponse) int { return int(r.GetDeniedResponse().GetStatus().GetCode()) }
