//go:build e2e_idp

package idp_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/idp"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/raw"
)

// A shop is the mesh of the tests behind one provider.
type shop struct {
	*mesh.Mesh
	pace *mesh.Pace // of cutting off
}

// routes are what the tests ask for. The provider of each says what is wanted there:
// idp access tokens for shop-api, person ID tokens for web. careless takes access tokens for
// whatever is called web or shop-api, so that the audience tells nothing apart; typed does, too,
// and wants them to say that they are access tokens (RFC 9068).
const routes = `
  - {name: read, http: {methods: [GET], path: /read}, allow: [{callers: [anyone], user: {provider: idp, scopes: "orders:read"}}]}
  - {name: any, http: {methods: [GET], path: /any}, allow: [{callers: [anyone], user: {provider: idp}}]}
  - {name: buyers, http: {methods: [GET], path: /buyers}, allow: [{callers: [anyone], user: {provider: idp, roles: buyer}}]}
  - {name: by-web, http: {methods: [GET], path: /by-web}, allow: [{callers: [anyone], user: {provider: idp, clients: web}}]}
  - {name: person, http: {methods: [GET], path: /person}, allow: [{callers: [anyone], user: {provider: person}}]}
  - {name: careless, http: {methods: [GET], path: /careless}, allow: [{callers: [anyone], user: {provider: careless}}]}
  - {name: typed, http: {methods: [GET], path: /typed}, allow: [{callers: [anyone], user: {provider: typed}}]}
`

// providers are the documents of one issuer.
func providers(issuer, refresh string) string {
	one := func(name, use, audiences, types string) string {
		return fmt.Sprintf(`---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: %s}
spec:
  jwt:
    issuer: %s
    audiences: [%s]
    algorithms: [RS256, PS256, ES256, EdDSA]
    use: %s
    types: [%s]
    jwks: {discovery: true, ca: {file: idp-ca.pem}, refresh: %s}
  claims: {roles: [realm_access, roles]}
`, name, issuer, audiences, use, types, refresh)
	}
	return one("idp", "access", "shop-api", `"", jwt, at+jwt`) + one("person", "id", "web", `"", jwt`) +
		one("careless", "access", "shop-api, web", `"", jwt, at+jwt`) + one("typed", "access", "shop-api, web", "at+jwt")
}

// issuerOf finds the issuer of a document.
var issuerOf = regexp.MustCompile(`issuer: \S+`)

// page returns the document of a provider's page in the documentation, for an issuer with a
// private CA, and a route that reads it.
func page(t *testing.T, name, issuer string) (document, route string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "providers", name+".md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "```yaml\n")
	document, _, _ = strings.Cut(rest, "```")
	if !ok || !strings.Contains(document, "metadata: {name: "+name+"}") {
		t.Fatalf("the page of %s has no document of that name", name)
	}
	document = issuerOf.ReplaceAllString(document, "issuer: "+issuer)
	document = strings.Replace(document, "{discovery: true}", "{discovery: true, ca: {file: idp-ca.pem}}", 1)
	return document, `  - {name: page, http: {methods: [GET], path: /page}, allow: [{callers: [anyone], user: {provider: ` + name + `}}]}
`
}

// open starts the mesh behind an issuer whose page is called name. more are further routes.
func open(t *testing.T, w *mesh.World, a *idp.Authority, name, issuer, refresh, more string) *shop {
	t.Helper()
	ca, err := os.ReadFile(a.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	document, route := page(t, name, issuer)
	return &shop{pace: mesh.NewPace(t), Mesh: mesh.Start(t, mesh.Setup{
		World: w, Gate: mesh.Gate{Optional: true},
		Policies: map[string]string{
			"orders.yaml": mesh.Policy(routes + route + more), "idp.yaml": providers(issuer, refresh),
			"page.yaml": document, "idp-ca.pem": string(ca),
		},
	})}
}

// An outcome is what became of one request.
type outcome struct {
	status    int
	reason    string // "" when it was let through
	id        string // of the request
	challenge string
	retry     string // Retry-After
}

func (o outcome) String() string {
	if o.status == 200 {
		return "200"
	}
	return fmt.Sprintf("%d %s", o.status, o.reason)
}

// ask sends one GET with a bearer token.
func (s *shop) ask(t *testing.T, as *tls.Config, target, token string) outcome {
	t.Helper()
	client, err := raw.DialHTTP1(s.Addr, as)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	got, err := client.Do("GET " + target + " HTTP/1.1\r\nhost: orders.test\r\nauthorization: Bearer " + token + "\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	o := outcome{status: got.Status, challenge: strings.Join(got.Get("www-authenticate"), ", "), retry: strings.Join(got.Get("retry-after"), ", ")}
	if got.Status != 200 {
		var body struct {
			Reason string `json:"reason"`
			ID     string `json:"request_id"`
		}
		if err := json.Unmarshal(got.Body, &body); err != nil {
			t.Fatalf("%d %q: %v", got.Status, got.Body, err)
		}
		o.reason, o.id = body.Reason, body.ID
	}
	return o
}

// want fails the test unless a request has the outcome, in the words of outcome.String.
func (s *shop) want(t *testing.T, as *tls.Config, target, token, want string) outcome {
	t.Helper()
	got := s.ask(t, as, target, token)
	if got.String() != want {
		t.Errorf("%s: %v, want %s", target, got, want)
		if got.id != "" {
			t.Logf("the record: %v", s.Postern.Record(got.id))
		}
	}
	return got
}

// ready waits until the provider's keys are there: a good token is let in.
func (s *shop) ready(t *testing.T, target, token string) {
	t.Helper()
	eventually(t, time.Minute, "the first good token is let in", func() bool {
		return s.ask(t, mesh.Anonymous(), target, token).status == 200
	})
}

// eventually waits until something holds, and returns how long it took.
func eventually(t *testing.T, most time.Duration, what string, holds func() bool) time.Duration {
	t.Helper()
	begun := time.Now()
	for !holds() {
		if time.Since(begun) > most {
			t.Fatalf("waited for %v in vain: %s", most, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(begun)
}

// A kind is a token of one kind, and what becomes of it.
type kind struct {
	name  string
	token string
	path  string
	want  string // in the words of outcome.String
}

// judge sends each kind, and prints the table.
func (s *shop) judge(t *testing.T, as *tls.Config, title string, kinds []kind) {
	t.Helper()
	var table strings.Builder
	for _, k := range kinds {
		if k.token == "" {
			t.Errorf("%s: no such token was had", k.name)
			continue
		}
		got := s.ask(t, as, k.path, k.token)
		fmt.Fprintf(&table, "  %-60s %-10s %v\n", k.name, k.path, got)
		if got.String() != k.want {
			t.Errorf("%s at %s: %v, want %s (header %s)", k.name, k.path, got, k.want, header(k.token))
		}
	}
	t.Logf("%s\n%s", title, table.String())
}
