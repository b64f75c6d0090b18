package syntax_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax"
)

const shop = `# The policy of the orders service.
apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  groups:
    frontends: [spiffe://shop.test/ns/shop/sa/web, spiffe://shop.test/ns/shop/sa/mobile]
  deny:                                     # holds on every route
  - headers: {x-debug: {present: true}}
    source: [10.0.0.0/8]
  routes:
  - name: read-order
    http: {methods: [GET], path: "/customers/{customer_id}/orders/{order_id}", hosts: [shop.test], upgrade: [websocket]}
    allow:
    - name: frontends
      callers: [group:frontends]
      user: {provider: shop-idp, scopes: orders:read}
  - name: charge
    grpc: {service: shop.v1.Payments, methods: [Charge], hosts: [shop.test]}
    allow:
    - callers: [spiffe://shop.test/ns/shop/sa/checkout]
      user: {provider: [shop-idp, partner], acr: mfa, maxAge: 5m, scopes: {all: [orders:read, orders:pay]}, subjects: {any: [alice, bob]}}
    deny:
    - headers: {x-a: b, x-c: {all: [d, e]}}
  - name: health
    http: {methods: [GET], path: /healthz}
    allow:
    - callers: [anyone]
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: shop-idp}
spec:
  jwt:
    issuer: https://idp.shop.test/
    audiences: [shop-api]
    algorithms: [RS256, ES256]
    use: access                                   # or id, for issuers whose only JWT is the ID token
    jwks: {url: https://idp.shop.test/jwks, ca: {file: ca.pem}}
  from: {header: authorization, scheme: Bearer}
  claims: {scopes: scope, roles: [realm_access, roles]}
`

func parse(t testing.TB, text string) []syntax.Document {
	t.Helper()
	documents, err := syntax.Parse("shop.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return documents
}

func TestServicePolicy(t *testing.T) {
	d := parse(t, shop)[0]
	if d.Kind != "ServicePolicy" || d.Namespace != "shop" || d.Name != "orders" || d.Position.String() != "shop.yaml:2:1" || d.IdentityProvider != nil {
		t.Fatalf("%+v", d)
	}
	p := d.ServicePolicy
	for _, tc := range []struct {
		what string
		got  any
		want string
	}{
		{"a workload", p.Workloads, "[{spiffe://shop.test/ns/shop/sa/orders shop.yaml:6:15}]"},
		{"a group", p.Groups[0].Name, "{frontends shop.yaml:8:5}"},
		{"its second caller", p.Groups[0].Callers[1], "{spiffe://shop.test/ns/shop/sa/mobile shop.yaml:8:52}"},
		{"a deny", p.Deny[0].Position, "shop.yaml:10:5"},
		{"what it asks for", *p.Deny[0].Headers[0].Present, "true"},
		{"the header", p.Deny[0].Headers[0].Name, "x-debug"},
		{"a source", p.Deny[0].Source, "[{shop.yaml:11:14 10.0.0.0/8}]"},
		{"a route", p.Routes[0].Position, "shop.yaml:13:5"},
		{"its name", p.Routes[0].Name, "{read-order shop.yaml:13:11}"},
		{"http", *p.Routes[0].HTTP, "{shop.yaml:14:11 [{GET shop.yaml:14:22}] {/customers/{customer_id}/orders/{order_id} shop.yaml:14:34} [{shop.test shop.yaml:14:88}] [{websocket shop.yaml:14:110}]}"},
		{"an allow", p.Routes[0].Allow[0].Position, "shop.yaml:16:7"},
		{"its name", p.Routes[0].Allow[0].Name, "{frontends shop.yaml:16:13}"},
		{"its callers", p.Routes[0].Allow[0].Callers, "[{group:frontends shop.yaml:17:17}]"},
		{"one provider", p.Routes[0].Allow[0].User.Providers, "[{shop-idp shop.yaml:18:24}]"},
		{"one scope", *p.Routes[0].Allow[0].User.Scopes, "{shop.yaml:18:42 false [{orders:read shop.yaml:18:42}]}"},
		{"grpc", *p.Routes[1].GRPC, "{shop.yaml:20:11 {shop.v1.Payments shop.yaml:20:21} [{Charge shop.yaml:20:49}] [{shop.test shop.yaml:20:66}]}"},
		{"two providers", len(p.Routes[1].Allow[0].User.Providers), "2"},
		{"acr", p.Routes[1].Allow[0].User.ACR.Values[0].Value, "mfa"},
		{"age", *p.Routes[1].Allow[0].User.MaxAge, "{shop.yaml:23:63 5m0s}"},
		{"all scopes", p.Routes[1].Allow[0].User.Scopes.All, "true"},
		{"any subject", p.Routes[1].Allow[0].User.Subjects.All, "false"},
		{"a route's deny", p.Routes[1].Deny[0].Headers[1].Match.All, "true"},
		{"anyone", p.Routes[2].Allow[0].Callers[0].Value, "anyone"},
		{"no user", p.Routes[2].Allow[0].User == nil, "true"},
	} {
		if got := fmt.Sprint(tc.got); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.what, got, tc.want)
		}
	}
}

func TestIdentityProvider(t *testing.T) {
	d := parse(t, shop)[1]
	if d.ServicePolicy != nil || d.Namespace != "" || d.IdentityProvider.Digest != d.Digest {
		t.Fatalf("%+v", d)
	}
	want := &identity.Provider{
		Name: "shop-idp", Digest: d.Digest,
		From:   identity.Place{Header: "authorization", Scheme: "Bearer"},
		Claims: identity.ClaimMap{Subject: []string{"sub"}, Scopes: []string{"scope"}, Roles: []string{"realm_access", "roles"}},
		JWT: &identity.JWTIssuer{
			Issuer: "https://idp.shop.test/", Audiences: []string{"shop-api"}, Algorithms: []string{"RS256", "ES256"},
			Use: identity.UseAccess, Types: []string{"", "jwt", "at+jwt"}, Skew: 30 * time.Second, MaxLifetime: 24 * time.Hour, MaxSize: 8192,
			Keys: identity.KeySource{URL: "https://idp.shop.test/jwks", CAFile: "ca.pem", Refresh: 5 * time.Minute, MaxStale: 24 * time.Hour},
		},
	}
	if got, want := toJSON(t, d.IdentityProvider), toJSON(t, want); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if len(d.Files) != 1 || d.Files[0].Path != &d.IdentityProvider.JWT.Keys.CAFile || d.Files[0].Root != &d.IdentityProvider.JWT.Keys.Root || d.Files[0].Name.Position.String() != "shop.yaml:40:56" {
		t.Errorf("files %+v", d.Files)
	}
}

func TestIdentityProviderDefaults(t *testing.T) {
	frame := "apiVersion: postern.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {name: idp}\nspec:\n  jwt:\n    issuer: https://a.test\n    audiences: [a]\n    algorithms: [EdDSA]\n"
	for _, tc := range []struct {
		name, text string
		check      func(p *identity.Provider) bool
	}{
		{"id tokens", "    use: id\n    jwks: {discovery: true}\n", func(p *identity.Provider) bool {
			return p.JWT.Use == identity.UseID && slices.Equal(p.JWT.Types, []string{"", "jwt"}) && p.JWT.Keys.Discovery
		}},
		{"a file is watched", "    jwks: {file: a/b.json}\n", func(p *identity.Provider) bool {
			return p.JWT.Keys == identity.KeySource{File: "a/b.json", Refresh: 5 * time.Minute, MaxStale: 24 * time.Hour}
		}},
		{"slow refresh", "    jwks: {discovery: true, refresh: 24h}\n", func(p *identity.Provider) bool {
			return p.JWT.Keys.Refresh == 24*time.Hour && p.JWT.Keys.MaxStale == 24*time.Hour
		}},
		{"a bare header", "    jwks: {discovery: true}\n  from: {header: x-token}\n", func(p *identity.Provider) bool {
			return p.From == identity.Place{Header: "x-token"}
		}},
		{"authorization is never bare", "    jwks: {discovery: true}\n  from: {header: authorization}\n", func(p *identity.Provider) bool {
			return p.From == identity.Place{Header: "authorization", Scheme: "Bearer"}
		}},
		{"another scheme", "    jwks: {discovery: true}\n  from: {header: authorization, scheme: DPoP}\n", func(p *identity.Provider) bool {
			return p.From.Scheme == "DPoP"
		}},
		{"a cookie", "    jwks: {discovery: true}\n  from: {cookie: __Host-session}\n", func(p *identity.Provider) bool {
			return p.From == identity.Place{Cookie: "__Host-session"}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if p := parse(t, frame+tc.text)[0].IdentityProvider; !tc.check(p) {
				t.Errorf("%s", toJSON(t, p))
			}
		})
	}
}

func toJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestDigest(t *testing.T) {
	first, second, _ := strings.Cut(shop, "---\n")
	documents := parse(t, shop)
	for i, text := range []string{first, second} {
		if documents[i].Digest != sha256.Sum256([]byte(text)) {
			t.Errorf("the digest of document %d is not that of its text", i)
		}
	}
	swapped := parse(t, second+"---\n"+first)
	if swapped[0].Digest != documents[1].Digest || swapped[1].Digest != documents[0].Digest {
		t.Error("a document's digest depends on its neighbours")
	}
	if changed := parse(t, "# a comment\n"+second); changed[0].Digest == documents[1].Digest {
		t.Error("a comment does not change the digest")
	}
}

// A bounded text is one that is too much, and what is said of it.
type bounded struct{ name, text, want string }

func tooMuch() []bounded {
	const kind = "apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: a, namespace: b}\nspec:\n"
	return []bounded{
		{"a large file", strings.Repeat("#", syntax.MaxFile+1), "f:1:1: the file has 8388609 bytes: at most 8388608 are read"},
		{"a large comment", strings.Repeat("#", syntax.MaxFile), "f:1:1: no documents"},
		{"many separators", strings.Repeat("---\n", syntax.MaxFile/4), "f:1:1: no documents"},
		{"many documents", strings.Repeat("a: b\n---\n", 20_000), "f:20001:1: more than 10000 documents in one file"},
		{"nesting", kind + "  workloads: " + strings.Repeat("[", 1_000_000), "f:5:44: values are nested more than 32 deep"},
		{"a long string", kind + "  workloads: [" + strings.Repeat("a", 5000) + "]\n", "f:5:15: this string has 5000 bytes: at most 4096 are read"},
		{"a binary file", strings.Repeat("\xff", 100), strings.TrimSuffix(strings.Repeat("f:1:%d: a byte that is not UTF-8\n", 10), "\n")},
	}
}

// TestBounds holds what is said of texts that are too much. BenchmarkBounds shows how long that takes.
func TestBounds(t *testing.T) {
	for _, tc := range tooMuch() {
		t.Run(tc.name, func(t *testing.T) {
			_, err := syntax.Parse("f", []byte(tc.text))
			want := tc.want
			for i := 1; strings.Contains(want, "%d"); i++ {
				want = strings.Replace(want, "%d", fmt.Sprint(i), 1)
			}
			if err == nil || err.Error() != want {
				t.Errorf("got %.2000v\nwant %s", err, want)
			}
		})
	}
}

// TestManyFaults holds that faults are bounded, sorted and counted.
func TestManyFaults(t *testing.T) {
	text := "apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: a, namespace: b}\nspec:\n  workloads:\n" + strings.Repeat("  - \"\"\n", 1000)
	_, err := syntax.Parse("f", []byte(text))
	checkErrors(t, text, err)
	if got := strings.Count(err.Error(), "\n"); got != syntax.MaxErrors || !strings.HasSuffix(err.Error(), "\nand 950 more") {
		t.Errorf("%d lines, the last %q", got+1, err.Error()[strings.LastIndex(err.Error(), "\n")+1:])
	}
}

func TestErrorsJoin(t *testing.T) {
	var all syntax.Errors
	if all.Err() != nil {
		t.Error("no faults are an error")
	}
	_, one := syntax.Parse("b.yaml", []byte("a: b\n"))
	_, other := syntax.Parse("a.yaml", nil)
	for _, err := range []error{nil, one, errors.New("plain"), fmt.Errorf("wrapped: %w", other)} {
		all.Add(err)
	}
	lines := strings.Split(all.Err().Error(), "\n")
	if len(lines) != 7 || lines[0] != "plain" || lines[1] != "a.yaml:1:1: no documents" || !strings.HasPrefix(lines[2], "b.yaml:1:1: ") {
		t.Errorf("%q", lines)
	}
}

func TestPosition(t *testing.T) {
	for want, p := range map[string]syntax.Position{
		"":                {},
		"a.yaml":          {Source: "a.yaml"},
		"a.yaml:14:5":     {Source: "a.yaml", Line: 14, Column: 5},
		"K/n/a:spec.x[1]": {Source: "K/n/a", Field: "spec.x[1]"},
	} {
		if p.String() != want || p.IsZero() != (want == "") {
			t.Errorf("%q, want %q", p, want)
		}
	}
}
