package e2e_test

import (
	"crypto/tls"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/raw"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// deadProvider is an issuer whose keys are never to be had.
const deadProvider = `apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: dead-idp}
spec:
  jwt: {issuer: "https://dead.test/", audiences: [shop-api], algorithms: [ES256], jwks: {url: "https://127.0.0.1:1/jwks"}}
  from: {header: x-dead}
`

const deadRoute = `  - {name: dead, http: {methods: [GET], path: /dead}, allow: [{callers: ["` + mesh.Web + `"], user: {provider: dead-idp}}]}
`

// A question is one request and the whole of its answer.
type question struct {
	name   string
	as     string // SPIFFE ID; "": no certificate
	method string
	target string
	fields []string

	status    int
	error     string
	reason    string
	challenge string
	retry     bool
}

func questions(t *testing.T, m *mesh.Mesh) []question {
	t.Helper()
	bearer := func(token string) []string { return []string{"authorization: Bearer " + token} }
	stranger := minttest.Key(t, "ES256", "k1")
	forged := minttest.Token(t, stranger, time.Now())
	old := minttest.Token(t, m.Issuer, time.Now().Add(-time.Hour))
	const plain, invalid = `Bearer realm="postern"`, `Bearer realm="postern", error="invalid_token"`
	return []question{
		{"granted", mesh.Web, "GET", "/orders/1", nil, 200, "", "", "", false},
		{"granted to anyone", "", "GET", "/public/x", nil, 200, "", "", "", false},
		{"granted to caller and person", mesh.Web, "GET", "/me", bearer(m.Token()), 200, "", "", "", false},
		{"granted after step-up", mesh.Web, "POST", "/pay", bearer(m.Token(mint.Set("acr", "mfa"))), 200, "", "", "", false},
		{"no token", mesh.Web, "GET", "/me", nil, 401, "unauthenticated", "credential_missing", plain, false},
		{"another scheme", mesh.Web, "GET", "/me", []string{"authorization: Basic eDp5"}, 401, "unauthenticated", "credential_missing", plain, false},
		{"no token at all", mesh.Web, "GET", "/me", bearer("x"), 401, "unauthenticated", "token_malformed", invalid, false},
		{"a forged token", mesh.Web, "GET", "/me", bearer(forged), 401, "unauthenticated", "token_signature", invalid, false},
		{"an expired token", mesh.Web, "GET", "/me", bearer(old), 401, "unauthenticated", "token_expired", invalid, false},
		{"another audience", mesh.Web, "GET", "/me", bearer(m.Token(mint.Set("aud", "other"))), 401, "unauthenticated", "token_audience", invalid, false},
		{"another issuer", mesh.Web, "GET", "/me", bearer(m.Token(mint.Set("iss", "https://idp.shop.test"))), 401, "unauthenticated", "token_issuer", invalid, false},
		{"no subject", mesh.Web, "GET", "/me", bearer(m.Token(mint.Without("sub"))), 401, "unauthenticated", "token_claims", invalid, false},
		{"too few scopes", mesh.Web, "GET", "/me", bearer(m.Token(mint.Set("scope", "orders"))), 403, "forbidden", "not_granted", "", false},
		{"no step-up yet", mesh.Web, "POST", "/pay", bearer(m.Token()), 401, "insufficient_user_authentication", "step_up_required",
			`Bearer realm="postern", error="insufficient_user_authentication", acr_values="mfa"`, false},
		{"keys not to be had", mesh.Web, "GET", "/dead", []string{"x-dead: " + m.Token(mint.Set("iss", "https://dead.test/"))}, 503, "unavailable", "keys_unavailable", "", true},
		{"another caller", mesh.Batch, "GET", "/orders/1", nil, 403, "forbidden", "caller_not_granted", "", false},
		{"another caller with a good token", mesh.Batch, "GET", "/me", bearer(m.Token()), 403, "forbidden", "caller_not_granted", "", false},
		{"no caller", "", "GET", "/orders/1", nil, 403, "forbidden", "caller_not_granted", "", false},
		{"no route", mesh.Web, "GET", "/nowhere", nil, 403, "forbidden", "no_route", "", false},
		{"no route for the method", mesh.Web, "DELETE", "/orders/1", nil, 403, "forbidden", "no_route", "", false},
		{"not canonical", mesh.Web, "GET", "/orders/%2e%2e;x", nil, 400, "bad_request", "bad_path", "", false},
	}
}

func answersMesh(t *testing.T) *mesh.Mesh {
	t.Helper()
	return shop(t, mesh.Setup{
		Gate: mesh.Gate{Optional: true, Loose: true},
		Policies: map[string]string{
			"orders.yaml": mesh.Policy(shopRoutes + deadRoute), "idp.yaml": mesh.Provider, "dead.yaml": deadProvider,
		},
	})
}

// TestTheAnswerContract asks each question over HTTP/1.1 and over HTTP/2.
func TestTheAnswerContract(t *testing.T) {
	t.Parallel()
	m := answersMesh(t)
	waitForKeys(t, m)
	clients := map[string]*tls.Config{"": mesh.Anonymous(), mesh.Web: m.As(mesh.Web), mesh.Batch: m.As(mesh.Batch)}
	for _, q := range questions(t, m) {
		t.Run(q.name, func(t *testing.T) {
			fields := append(slices.Clone(q.fields), marked(q.name))
			one := do(t, m, clients[q.as], request(q.method, q.target, fields...))
			q.check(t, m, one)
			two, err := m.HTTP2(t, clients[q.as]).Do(fieldsOf(q.method, q.target, fields...), nil)
			if err != nil {
				t.Fatal(err)
			}
			q.check(t, m, two)
			reached := 0
			if q.status == 200 {
				reached = 2
			}
			if n := len(m.Upstream.Find(q.name)); n != reached {
				t.Errorf("the upstream got it %d times, want %d", n, reached)
			}
		})
	}
	for _, q := range questions(t, m) {
		for _, f := range q.fields {
			if _, secret, ok := strings.Cut(f, "Bearer "); ok && len(secret) > 9 && strings.Contains(m.Postern.Output()+m.Postern.Log(), secret) {
				t.Errorf("%s: the token is in the records or the log", q.name)
			}
		}
	}
}

func (q question) check(t *testing.T, m *mesh.Mesh, r *raw.Response) {
	t.Helper()
	if r.Status != q.status {
		t.Fatalf("status %d %s, want %d", r.Status, r.Body, q.status)
	}
	if got := first(r.Get("www-authenticate")); got != q.challenge || len(r.Get("www-authenticate")) > 1 {
		t.Errorf("www-authenticate %q, want %q", got, q.challenge)
	}
	if got := r.Get("retry-after"); (len(got) == 1) != q.retry || q.retry && (got[0] == "" || got[0] == "0") {
		t.Errorf("retry-after %q", got)
	}
	if q.status == 200 {
		return
	}
	body, err := refused(r)
	if err != nil || body.Error != q.error || body.Reason != q.reason {
		t.Errorf("body %s (%v), want %s, %s", r.Body, err, q.error, q.reason)
	}
	if got := r.Get("content-type"); !slices.Equal(got, []string{"application/json"}) {
		t.Errorf("content-type %q", got)
	}
	record := m.Postern.Record(body.RequestID)
	if record.Text("decision") != "deny" || record.Text("reason") != q.reason || record.Text("caller") != q.as && !strings.HasPrefix(q.reason, "bad_") {
		t.Errorf("the record says %v", record)
	}
}

// waitForKeys waits until the one fetch of the dead issuer's keys has failed: until then a token
// of its may be told to wait.
func waitForKeys(t *testing.T, m *mesh.Mesh) {
	t.Helper()
	eventually(t, "the fetch fails", func() bool { return strings.Contains(m.Postern.Log(), "keys could not be fetched") })
}

// TestTheUpstreamLearnsWhoWasVerified sends forged identity headers in every spelling that a
// server would take for ours.
func TestTheUpstreamLearnsWhoWasVerified(t *testing.T) {
	t.Parallel()
	m := answersMesh(t)
	names := []string{"x-postern-caller", "x-postern-user", "x-postern-provider", "x-postern-scopes"}
	forged := []string{"X-Postern-Caller: spiffe://shop.test/forged", "x-postern-caller: spiffe://shop.test/forged2",
		"x-postern-user: forged", "X-POSTERN-PROVIDER: forged", "x-postern-scopes: forged", "x-postern-scopes: forged2"}
	for _, tc := range []struct {
		name   string
		as     *tls.Config
		target string
		token  string
		want   []string // "": the header must be gone
	}{
		{"caller and person", m.As(mesh.Web), "/me", m.Token(mint.Set("scope", "orders:read b")), []string{mesh.Web, mint.Subject, "shop-idp", "orders:read b"}},
		{"caller alone", m.As(mesh.Web), "/orders/1", "", []string{mesh.Web, "", "", ""}},
		{"caller, and a token that nobody read", m.As(mesh.Web), "/orders/1", m.Token(), []string{mesh.Web, "", "", ""}},
		{"nobody", mesh.Anonymous(), "/public/x", "", []string{"", "", "", ""}},
		{"a caller that the rule does not ask for", m.As(mesh.Batch), "/public/x", "", []string{mesh.Batch, "", "", ""}},
	} {
		for kind, extra := range map[string][]string{"": nil, ", forged": forged, ", hidden": {"connection: " + strings.Join(names, ", ")}} {
			t.Run(tc.name+kind, func(t *testing.T) {
				mark := tc.name + kind
				fields := append(slices.Clone(extra), marked(mark))
				if tc.token != "" {
					fields = append(fields, "authorization: Bearer "+tc.token)
				}
				if got := do(t, m, tc.as, request("GET", tc.target, fields...)); got.Status != 200 {
					t.Fatalf("%d %s", got.Status, got.Body)
				}
				got := wantReached(t, m, mark)
				for i, name := range names {
					want := fmt.Sprint([]string{tc.want[i]})
					if tc.want[i] == "" {
						want = "[]"
					}
					if fmt.Sprint(got.Get(name)) != want {
						t.Errorf("%s is %q, want %s", name, got.Get(name), want)
					}
				}
			})
		}
	}
}

// TestAUserThatNoHeaderCanHold is about a subject that would split a header, or look like another
// to the upstream: control characters are refused with the token, the rest is sent escaped, so
// that the upstream gets back exactly what was verified.
func TestAUserThatNoHeaderCanHold(t *testing.T) {
	t.Parallel()
	m := answersMesh(t)
	for subject, pass := range map[string]bool{
		"a\r\nx-postern-scopes: all": false, "a\x00b": false, "a\tb": false,
		"Zo\u00eb": true, "\u202eroot": true, "50%": true, "%0d%0a": true, " alice ": true, "a,b": true,
	} {
		got := do(t, m, m.As(mesh.Web), request("GET", "/me", "authorization: Bearer "+m.Token(mint.Set("sub", subject)), marked(url.PathEscape(subject))))
		reached := m.Upstream.Find(url.PathEscape(subject))
		if (got.Status == 200) != pass || (len(reached) == 1) != pass {
			t.Errorf("subject %q: %d %.100s", subject, got.Status, got.Body)
			continue
		}
		if !pass {
			continue
		}
		told := first(reached[0].Get("x-postern-user"))
		if back, err := url.PathUnescape(told); err != nil || back != subject || !isASCII(told) {
			t.Errorf("subject %q: the upstream was told %q", subject, told)
		}
	}
}
