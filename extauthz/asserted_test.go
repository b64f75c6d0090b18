package extauthz_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"

	"github.com/postern/postern/extauthz"
	"github.com/postern/postern/identity/assertion"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/svid"
)

// ours are the headers that no client can set.
var ours = []string{"x-postern-caller", "x-postern-user", "x-postern-provider", "x-postern-scopes", "x-postern-assertion"}

// asserting returns policies whose workload wants assertions.
func asserting(policies string) string {
	return strings.Replace(policies, "  routes:\n", "  upstream: {identity: assertion, audience: orders-api}\n  routes:\n", 1)
}

// assert puts policies into force that want assertions, and returns who signs them.
func (w *world) assert(t testing.TB, policies string) *assertion.Signer {
	t.Helper()
	signer, err := assertion.New(w.now)
	if err != nil {
		t.Fatal(err)
	}
	w.current.Update(func(s *extauthz.Snapshot) { s.Policy, s.Assertions = compile(t, asserting(policies)), signer })
	return signer
}

// told returns what an allow tells the upstream. Each of our headers is either set or removed.
func told(t testing.TB, r *authv3.CheckResponse) map[string]string {
	t.Helper()
	if !allowed(r) || r.GetOkResponse() == nil {
		t.Fatalf("refused: %v", r)
	}
	set := map[string]string{}
	for _, h := range r.GetOkResponse().GetHeaders() {
		set[h.GetHeader().GetKey()] += h.GetHeader().GetValue()
	}
	removed := r.GetOkResponse().GetHeadersToRemove()
	for _, name := range ours {
		if (set[name] == "") != slices.Contains(removed, name) {
			t.Errorf("%s is set to %q; removed are %q", name, set[name], removed)
		}
	}
	if len(set)+len(removed) != len(ours) {
		t.Errorf("set are %v, removed %v", set, removed)
	}
	return set
}

// claimsOf verifies the one assertion that the upstream is told, as an upstream would.
func claimsOf(t testing.TB, w *world, signer *assertion.Signer, r *authv3.CheckResponse) map[string]any {
	t.Helper()
	set := told(t, r)
	if len(set) != 1 || set["x-postern-assertion"] == "" {
		t.Fatalf("the upstream is told %v", set)
	}
	keys, err := jose.ParseKeySet(signer.JWKS(w.now))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jose.Parse(set["x-postern-assertion"], assertion.MaxSize)
	if err != nil {
		t.Fatal(err)
	}
	key, _ := keys.Find(token.KeyID())
	claims, err := token.Verify(key)
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestAssertion(t *testing.T) {
	w := newRevokedWorld(t)
	signer := w.assert(t, usersPolicy)
	admin := func(m map[string]any) { m["scope"] = "admin orders:read" }
	for name, tc := range map[string]struct {
		check *authv3.CheckRequest
		want  string // but for times, jti and request.path
	}{
		"caller and user":            {w.with(t, "/mine?a=b", admin), `"caller":"` + web + `","sub":"` + mint.Subject + `","user":{"acr":"pwd","client":"shop-web","issuer":"https://idp.shop.test/","provider":"shop-idp","scopes":["admin","orders:read"],"subject":"` + mint.Subject + `"}`},
		"caller":                     {check(t, w.world, web), `"caller":"` + web + `","sub":"` + web + `"`},
		"anonymous":                  {check(t, w.world, ""), ``},
		"a token that no rule reads": {check(t, w.world, "", addHeader("authorization", "Bearer a.b.c")), ``},
	} {
		t.Run(name, func(t *testing.T) {
			claims := claimsOf(t, w.world, signer, w.ask(t, tc.check))
			if jti := w.last(t).RequestID; claims["jti"] != jti || jti == "" {
				t.Errorf("jti %v, and the record has %q", claims["jti"], jti)
			}
			if got := fmt.Sprintf("%v %v", claims["iat"], claims["exp"]); got != fmt.Sprintf("%d %d", w.now.Unix(), w.now.Unix()+30) {
				t.Errorf("iat and exp %s", got)
			}
			path, _, _ := strings.Cut(tc.check.GetAttributes().GetRequest().GetHttp().GetPath(), "?")
			request, err := json.Marshal(claims["request"])
			if want := `{"host":"orders.shop.test","method":"GET","path":"` + path + `"}`; err != nil || string(request) != want {
				t.Errorf("request %s, want %s", request, want)
			}
			for _, seen := range []string{"jti", "iat", "exp", "request"} {
				delete(claims, seen)
			}
			want := `{"aud":"orders-api",` + tc.want + `}`
			want = strings.Replace(want, `"sub"`, `"iss":"`+orders+`","sub"`, 1)
			if !strings.Contains(want, `"iss"`) {
				want = `{"aud":"orders-api","iss":"` + orders + `"}`
			}
			if got, err := json.Marshal(claims); err != nil || string(got) != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// Whatever a client sends, in either mode and either of Envoy's encodings: what the upstream is told
// is ours. Envoy lowers the case of names before anybody sees them.
func TestForgedAssertions(t *testing.T) {
	w := newWorld(t)
	signer := w.assert(t, policies)
	forged := []func(*authv3.AttributeContext){}
	for _, name := range ours {
		forged = append(forged, addHeader(name, "forged"), addHeader(name, "forged too"))
	}
	plain := compile(t, policies)
	wants := w.current.Load().Policy
	for _, encoding := range []func(*authv3.AttributeContext){func(*authv3.AttributeContext) {}, joined} {
		for _, caller := range []string{"", web} {
			c := check(t, w, caller, append(forged, encoding)...)
			w.current.Update(func(s *extauthz.Snapshot) { s.Policy = plain })
			if set := told(t, w.ask(t, c)); set["x-postern-assertion"] != "" || set["x-postern-caller"] != caller {
				t.Errorf("by headers: %v", set)
			}
			w.current.Update(func(s *extauthz.Snapshot) { s.Policy = wants })
			if claims := claimsOf(t, w, signer, w.ask(t, c)); claims["caller"] != map[string]any{"": nil, web: any(web)}[caller] {
				t.Errorf("by assertion: %v", claims)
			}
		}
	}
	for _, name := range []string{"x_postern_assertion", "X-Postern-Assertion", "x-postern_assertion", "x.postern.assertion"} {
		wantReason(t, w.ask(t, check(t, w, web, addHeader(name, "forged"))), "bad_header")
	}
}

// What cannot be asserted is not let through: the workload would not learn who was verified.
func TestNoAssertionIsNoAllow(t *testing.T) {
	w := newRevokedWorld(t)
	signer := w.assert(t, strings.NewReplacer("path: /mine", `path: "/mine/{rest...}"`, "path: /healthz", `path: "/open/{rest...}"`).Replace(usersPolicy))
	large := mint.Set("scope", strings.Repeat("orders:pay ", 499)+"s")
	long := strings.Repeat("/a", 60) + "/" + strings.Repeat("b", 7000)
	for name, tc := range map[string]struct {
		signer *assertion.Signer
		check  *authv3.CheckRequest
		want   string // "": allowed
		status int32
	}{
		"no signer":               {nil, check(t, w.world, web, setPath("/open/a")), "internal", 503},
		"a signer without keys":   {&assertion.Signer{}, w.with(t, "/mine/a"), "internal", 503},
		"a large credential":      {signer, w.with(t, "/mine/a", large), "", 0},
		"a long path":             {signer, w.with(t, "/mine"+long), "", 0},
		"a long path, anonymous":  {signer, check(t, w.world, "", setPath("/open"+long)), "", 0},
		"both are too large":      {signer, w.with(t, "/mine"+long, large), "token_too_large", 401},
		"a refusal is not signed": {nil, check(t, w.world, web, setPath("/nowhere")), "no_route", 403},
	} {
		t.Run(name, func(t *testing.T) {
			w.current.Update(func(s *extauthz.Snapshot) { s.Assertions = tc.signer })
			r := w.ask(t, tc.check)
			if tc.want == "" {
				claimsOf(t, w.world, signer, r)
				return
			}
			wantReason(t, r, tc.want)
			if got := int32(r.GetDeniedResponse().GetStatus().GetCode()); got != tc.status {
				t.Errorf("status %d, want %d", got, tc.status)
			}
			kept := w.last(t)
			if kept.Decision.Allow || kept.Decision.Reason.String() != tc.want || kept.Decision.RuleName != "" || tc.status != 403 && kept.Detail == "" {
				t.Errorf("recorded %+v", kept)
			}
		})
	}
}

// A policy that changes from headers to assertions and back changes both at once.
func TestUpstreamOfTheSnapshot(t *testing.T) {
	w := newWorld(t)
	signer := w.assert(t, policies)
	by := map[bool]*extauthz.Snapshot{}
	by[true] = w.current.Load()
	w.current.Update(func(s *extauthz.Snapshot) { s.Policy = compile(t, policies) })
	by[false] = w.current.Load()
	for _, asserts := range []bool{true, false, true} {
		w.current.Update(func(s *extauthz.Snapshot) { *s = *by[asserts] })
		r := w.ask(t, check(t, w, web))
		if asserts {
			claimsOf(t, w, signer, r)
		} else if set := told(t, r); len(set) != 1 || set["x-postern-caller"] != web {
			t.Errorf("by headers: %v", set)
		}
	}
}

// A caller for whom only Envoy's word speaks is named as one.
func TestAssertionOfAnAssertedCaller(t *testing.T) {
	w := newWorld(t)
	signer := w.assert(t, policies)
	taken, err := svid.ParseAsserted("shop.test")
	if err != nil {
		t.Fatal(err)
	}
	w.current.Update(func(s *extauthz.Snapshot) { s.Callers.Asserted = taken })
	r := w.ask(t, check(t, w, "", func(a *authv3.AttributeContext) { a.Source.Principal = web }))
	if claims := claimsOf(t, w, signer, r); claims["caller"] != web || claims["caller_asserted"] != true {
		t.Errorf("%v", claims)
	}
}

// The keys turn under the requests that they sign.
func TestAssertionsWhileKeysTurn(t *testing.T) {
	w := newWorld(t)
	signer := w.assert(t, policies)
	kids := map[string]bool{}
	for range 10 {
		w.now = w.now.Add(assertion.Turn / 3)
		r := w.ask(t, check(t, w, ""))
		claimsOf(t, w, signer, r)
		token, err := jose.Parse(told(t, r)["x-postern-assertion"], assertion.MaxSize)
		if err != nil {
			t.Fatal(err)
		}
		kids[token.KeyID()] = true
	}
	if len(kids) < 3 {
		t.Errorf("%d keys in days", len(kids))
	}
}
