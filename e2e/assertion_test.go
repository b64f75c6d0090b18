package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
	"github.com/lestrrat-go/jwx/v2/jwt"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/e2e/raw"
	"github.com/postern/postern/e2e/upstream"
	"github.com/postern/postern/identity/mint"
)

// byAssertion returns the policy of shopRoutes, whose workload wants assertions for an audience.
func byAssertion(audience string) string {
	return strings.Replace(mesh.Policy(shopRoutes+`  - {name: mine, http: {methods: [GET], path: "/mine/{rest...}"}, allow: [{callers: [anyone], user: {provider: shop-idp}}]}
`), "  routes:\n", "  upstream: {identity: assertion, audience: "+audience+"}\n  routes:\n", 1)
}

// told are the headers that tell the upstream who was verified; the last is the assertion.
var told = []string{"x-postern-caller", "x-postern-user", "x-postern-provider", "x-postern-scopes", "x-postern-assertion"}

func assertingShop(t *testing.T, gate mesh.Gate) *mesh.Mesh {
	t.Helper()
	return shop(t, mesh.Setup{
		Gate:     gate,
		Policies: map[string]string{"orders.yaml": byAssertion("orders-api"), "idp.yaml": mesh.Provider},
		Postern:  postern.Options{Args: []string{"--status", "127.0.0.1:0"}},
	})
}

var statusAt = regexp.MustCompile(`"for": ?"status", ?"at": ?"([^"]+)"`)

// statusKeys fetches the keys from the status address, as the app beside Postern does.
func statusKeys(t *testing.T, m *mesh.Mesh) jwk.Set {
	t.Helper()
	eventually(t, "Postern says where its status is", func() bool { return statusAt.MatchString(m.Postern.Log()) })
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + statusAt.FindStringSubmatch(m.Postern.Log())[1] + "/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "application/jwk-set+json" || answer.Header.Get("Cache-Control") != "max-age=60" {
		t.Fatalf("%v, %d %v %s", err, answer.StatusCode, answer.Header, text)
	}
	if _, admin, err := m.Postern.Get("/jwks.json"); err != nil || admin != string(text) {
		t.Errorf("the admin address has other keys: %v, %s", err, admin)
	}
	keys, err := jwk.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// assertionOf takes the one assertion of a request and verifies it as docs/policy.md tells an app
// to. No other header of ours may be there.
func assertionOf(keys jwk.Set, r *upstream.Request, audience string) (asserted, error) {
	var claims asserted
	for _, name := range told[:len(told)-1] {
		if got := r.Get(name); len(got) > 0 {
			return claims, fmt.Errorf("%s is %q", name, got)
		}
	}
	got := r.Get("x-postern-assertion")
	if len(got) != 1 {
		return claims, fmt.Errorf("%d assertions: %q", len(got), got)
	}
	token, err := jwt.Parse([]byte(got[0]), jwt.WithKeySet(keys), jwt.WithIssuer(mesh.Orders), jwt.WithAudience(audience), jwt.WithRequiredClaim("exp"))
	if err != nil {
		return claims, err
	}
	message, err := jws.Parse([]byte(got[0]))
	if err != nil {
		return claims, err
	}
	if typ := message.Signatures()[0].ProtectedHeaders().Type(); typ != "postern-assertion+jwt" {
		return claims, errors.New("typ " + typ)
	}
	if life := token.Expiration().Sub(token.IssuedAt()); life != 30*time.Second {
		return claims, fmt.Errorf("it lives for %v", life)
	}
	d := json.NewDecoder(bytes.NewReader(message.Payload()))
	d.DisallowUnknownFields()
	return claims, d.Decode(&claims)
}

// asserted are all claims that there are.
type asserted struct {
	Iss, Aud, Jti, Sub, Caller string
	Iat, Exp                   int64
	User                       json.RawMessage
	Request                    struct{ Method, Host, Path string }
}

// TestTheUpstreamLearnsByAssertion who was verified, whatever the client claims.
func TestTheUpstreamLearnsByAssertion(t *testing.T) {
	t.Parallel()
	m := assertingShop(t, mesh.Gate{Optional: true})
	keys := statusKeys(t, m)
	forged := []string{"x-postern-assertion: forged"}
	for _, name := range told {
		forged = append(forged, name+": forged", strings.ToUpper(name)+": forged", "X-Postern"+strings.TrimPrefix(name, "x-postern")+": forged")
	}
	person := `{"provider":"shop-idp","issuer":"https://idp.shop.test/","subject":"` + mint.Subject + `","client":"shop-web","scopes":["orders:read"],"roles":["buyer"],"acr":"pwd"}`
	for _, tc := range []struct {
		name, as, target, token string
		sub, user               string
	}{
		{"caller and person", mesh.Web, "/me", m.Token(mint.Set("scope", "orders:read")), mint.Subject, person},
		{"a person alone", "", "/mine/a%20b?token=secret", m.Token(mint.Set("scope", "orders:read")), mint.Subject, person},
		{"a caller alone", mesh.Web, "/orders/1", "", mesh.Web, ""},
		{"a token that no rule reads", mesh.Web, "/orders/1", m.Token(), mesh.Web, ""},
		{"anonymous", "", "/public/x", "", "", ""},
	} {
		for kind, extra := range map[string][]string{"": nil, ", forged": forged, ", hidden": {"connection: " + strings.Join(told, ", ")}} {
			t.Run(tc.name+kind, func(t *testing.T) {
				fields := append(slices.Clone(extra), marked(tc.name+kind))
				if tc.token != "" {
					fields = append(fields, "authorization: Bearer "+tc.token)
				}
				as := mesh.Anonymous()
				if tc.as != "" {
					as = m.As(tc.as)
				}
				if got := do(t, m, as, request("GET", tc.target, fields...)); got.Status != 200 {
					t.Fatalf("%d %s", got.Status, got.Body)
				}
				reached := wantReached(t, m, tc.name+kind)
				claims, err := assertionOf(keys, reached, "orders-api")
				if err != nil {
					t.Fatal(err)
				}
				if claims.Sub != tc.sub || claims.Caller != tc.as || string(claims.User) != tc.user {
					t.Errorf("sub %q, caller %q, user %s", claims.Sub, claims.Caller, claims.User)
				}
				if ids := reached.Get("x-request-id"); len(ids) != 1 || claims.Jti != ids[0] {
					t.Errorf("jti %q, and x-request-id is %q", claims.Jti, ids)
				}
				path, _, _ := strings.Cut(tc.target, "?")
				if r := claims.Request; r.Method != "GET" || r.Host != "orders.test" || r.Path != path {
					t.Errorf("request %+v", r)
				}
			})
		}
	}
}

// TestAnAssertionOverHTTP2 has the forged header as HTTP/2 frames it, and spelt with underscores.
func TestAnAssertionOverHTTP2(t *testing.T) {
	t.Parallel()
	m := assertingShop(t, mesh.Gate{})
	keys := statusKeys(t, m)
	client := m.HTTP2(t, m.As(mesh.Web))
	got, err := client.Do(fieldsOf("GET", "/orders/1", marked("h2"), "x-postern-assertion: a", "x-postern-assertion: b", "x-postern-caller: c"), nil)
	if err != nil || got.Status != 200 {
		t.Fatalf("%v, %v", got, err)
	}
	if claims, err := assertionOf(keys, wantReached(t, m, "h2"), "orders-api"); err != nil || claims.Caller != mesh.Web {
		t.Errorf("%v, %v", claims, err)
	}
	for _, name := range []string{"x_postern_assertion", "x-postern_assertion", "x.postern.assertion"} {
		if got := do(t, m, m.As(mesh.Web), request("GET", "/orders/1", name+": forged", marked(name))); got.Status != 400 || len(m.Upstream.Find(name)) != 0 {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
}

// TestAssertionsComeAndGoWithThePolicy has the policy change from assertions to headers, to another
// audience, and back, under requests of which none is told in two ways.
func TestAssertionsComeAndGoWithThePolicy(t *testing.T) {
	t.Parallel()
	m := assertingShop(t, mesh.Gate{})
	keys := statusKeys(t, m)
	client := m.HTTP1(t, m.As(mesh.Web))
	n := 0
	tellsBy := func(t *testing.T) string { // the audience, or "headers"
		n++
		mark := fmt.Sprint("reload", n)
		if got, err := client.Do(request("GET", "/orders/1", marked(mark), "x-postern-assertion: forged", "x-postern-caller: forged")); err != nil || got.Status != 200 {
			t.Fatalf("%v, %v", got, err)
		}
		reached := wantReached(t, m, mark)
		if got := reached.Get("x-postern-caller"); len(got) > 0 {
			if fmt.Sprint(got) != fmt.Sprint([]string{mesh.Web}) || len(reached.Get("x-postern-assertion")) > 0 {
				t.Fatalf("the upstream was told %q and %q", got, reached.Get("x-postern-assertion"))
			}
			return "headers"
		}
		for _, audience := range []string{"orders-api", "other"} {
			if _, err := assertionOf(keys, reached, audience); err == nil {
				return audience
			}
		}
		t.Fatalf("the upstream was told %q", reached.Get("x-postern-assertion"))
		return ""
	}
	if by := tellsBy(t); by != "orders-api" {
		t.Fatalf("at the start it is told by %s", by)
	}
	pace := mesh.NewPace(t)
	for i, edit := range []struct{ policy, by string }{
		{mesh.Policy(shopRoutes), "headers"}, {byAssertion("other"), "other"},
		{strings.Replace(byAssertion("x"), "assertion, audience: x", "headers", 1), "headers"}, {byAssertion("orders-api"), "orders-api"},
	} {
		m.Write(t, "orders.yaml", edit.policy)
		within(t, pace, fmt.Sprintf("edit %d counts", i), func() bool { return tellsBy(t) == edit.by })
	}
	// One that contradicts it changes nothing.
	second := strings.Replace(byAssertion("other"), "name: orders,", "name: second,", 1)
	m.Write(t, "second.yaml", second[:strings.Index(second, "  routes:")])
	eventually(t, "Postern says what is in conflict", func() bool {
		return strings.Contains(m.Postern.Log(), "tell one workload in two ways who was verified")
	})
	if by := tellsBy(t); by != "orders-api" {
		t.Errorf("it is told by %s", by)
	}
}

// TestALargeAssertion passes Envoy up to the limit, and what is larger is refused before it.
func TestALargeAssertion(t *testing.T) {
	t.Parallel()
	m := assertingShop(t, mesh.Gate{Optional: true})
	keys := statusKeys(t, m)
	roles := func(n int) string {
		return m.Token(mint.Set("realm_access", map[string]any{"roles": strings.Fields(strings.Repeat("role-name ", n))}))
	}
	send := func(mark string, n, path int, fields ...string) *raw.Response {
		fields = append(fields, marked(mark), "authorization: Bearer "+roles(n))
		return do(t, m, mesh.Anonymous(), request("GET", "/mine/"+strings.Repeat("p", path), fields...))
	}
	if got := send("large", 350, 7500); got.Status != 200 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	reached := wantReached(t, m, "large")
	if size := len(first(reached.Get("x-postern-assertion"))); size < 15<<10 || size > 16<<10 {
		t.Errorf("it has %d bytes", size)
	}
	if claims, err := assertionOf(keys, reached, "orders-api"); err != nil || claims.Sub != mint.Subject {
		t.Error(err)
	}
	// With it the request has more than the 60 KiB that Envoy takes: it is refused, and not sent on
	// without.
	full := send("full", 350, 7500, "x-filler: "+strings.Repeat("f", 40<<10))
	if n := len(m.Upstream.Find("full")); full.Status != 500 || n != 0 {
		t.Errorf("beyond Envoy's limit: %d %s, %d reached the upstream", full.Status, full.Body, n)
	}
	wantRefused(t, send("larger", 440, 8000), 401, "token_too_large")
	if n := len(m.Upstream.Find("larger")); n != 0 {
		t.Errorf("%d reached the upstream", n)
	}
}
