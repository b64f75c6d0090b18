package explain_test

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// svids is a policy whose routes take JWT-SVIDs, alone and beside an issuer's tokens.
const svids = `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - {name: job, http: {methods: [GET], path: /job}, allow: [{callers: [anyone], user: {provider: workloads}}]}
  - {name: both, http: {methods: [GET], path: /both}, allow: [{callers: [anyone], user: {provider: [workloads, shop-idp]}}]}
  - {name: caller, http: {methods: [GET], path: /caller}, allow: [{callers: [spiffe://shop.test/batch]}]}
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: workloads}
spec: {jwt: {trustDomain: shop.test, audiences: [orders]}}
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: shop-idp}
spec: {jwt: {issuer: https://idp.test/, audiences: [shop-api], algorithms: [ES256], jwks: {discovery: true}}}
`

func TestJWTSVIDsAreExplained(t *testing.T) {
	e := explainer(t, &txtar.Archive{Files: []txtar.File{{Name: "a.yaml", Data: []byte(svids)}}})
	const batch = "spiffe://shop.test/batch"
	token := func(changes map[string]any) string {
		all := map[string]any{"iss": nil, "sub": batch, "aud": "orders", "scope": nil}
		for name, value := range changes {
			all[name] = value
		}
		return "Headers: authorization: Bearer " + jwt(t, all) + "\n"
	}
	for _, tc := range []struct {
		name, question string
		want, note     string
	}{
		{"good", "Path: /job\n" + token(nil), "allowed", "AT ITS WORD"},
		{"beside an issuer", "Path: /both\n" + token(nil), "allowed", "for workloads"},
		{"any iss", "Path: /job\n" + token(map[string]any{"iss": "https://idp.test/"}), "allowed", "for workloads"},
		{"no caller", "Path: /caller\n" + token(nil), "caller_not_granted", ""},
		{"another trust domain", "Path: /job\n" + token(map[string]any{"sub": "spiffe://partner.test/a"}), "token_issuer", "its subject spiffe://partner.test/a and its audience orders"},
		{"another service", "Path: /job\n" + token(map[string]any{"aud": "payments"}), "token_audience", "its subject " + batch},
		{"no SPIFFE ID", "Path: /job\n" + token(map[string]any{"sub": "alice"}), "token_claims", "sub is not the SPIFFE ID"},
		{"no kid", "Path: /job\n" + token(map[string]any{"h:kid": nil}), "token_key_unknown", "no kid"},
		{"bound", "Path: /job\n" + token(map[string]any{"cnf": map[string]any{}}), "token_binding", "cnf"},
		{"by flags", "Path: /job\nUser: workloads/" + batch + "\n", "allowed", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			x, err := e.Explain(question(t, tc.question))
			if err != nil {
				t.Fatal(err)
			}
			if notes := strings.Join(x.Notes, "\n"); x.Reason != tc.want || !strings.Contains(notes, tc.note) {
				t.Errorf("got %s, want %s; notes %q want %q", x.Reason, tc.want, notes, tc.note)
			}
		})
	}
	if _, err := e.Explain(question(t, "Path: /job\nUser: workloads/alice\n")); err == nil || !strings.Contains(err.Error(), "spiffe://shop.test/") {
		t.Errorf("a user whom no JWT-SVID names: %v", err)
	}
}
