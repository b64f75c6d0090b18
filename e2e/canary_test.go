package e2e_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/e2e/process"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// canaries are secrets that nothing Postern writes may hold, by what they are.
type canaries map[string]string

// plant returns a new secret.
func (c canaries) plant(what string) string {
	secret := "canary" + rand.Text()
	c[what] = secret
	return secret
}

// forms are the ways in which a secret may be written: as it is, in hexadecimal, escaped, and in
// base64 of a text that it is a part of, at each of the three places where it may begin.
func forms(secret string) []string {
	all := []string{secret, hex.EncodeToString([]byte(secret)), url.QueryEscape(secret), url.PathEscape(secret)}
	for shift := range 3 {
		text := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
		inner := text[4*min(shift, 1) : len(text)-4] // without what its neighbours have a part in
		all = append(all, inner, strings.NewReplacer("+", "-", "/", "_").Replace(inner))
	}
	return all
}

// search fails the test for each canary in a text.
func (c canaries) search(t *testing.T, where, text string) {
	t.Helper()
	for what, secret := range c {
		for _, form := range forms(secret) {
			if i := strings.Index(text, form); i >= 0 {
				t.Errorf("%s holds %s: …%.200q", where, what, text[max(0, i-100):])
				break
			}
		}
	}
}

func TestCanariesAreFound(t *testing.T) {
	t.Parallel()
	c := canaries{}
	secret := c.plant("it")
	for _, text := range []string{secret, "a" + secret, `{"sub":"` + secret + `"}`, "ab" + secret + "cd"} {
		for name, written := range map[string]string{
			"raw": text, "hex": hex.EncodeToString([]byte(text)), "escaped": url.QueryEscape(text),
			"base64": base64.StdEncoding.EncodeToString([]byte(text)), "base64url": base64.RawURLEncoding.EncodeToString([]byte(text)),
		} {
			found := false
			for _, form := range forms(secret) {
				found = found || strings.Contains("before"+written+"after", form)
			}
			if !found {
				t.Errorf("%s of %q is not found", name, text)
			}
		}
	}
}

// canaryDocuments are policies with a provider in a header, one in a cookie, and two whose keys are
// not to be had: the secret is in their URL, and what the issuer answers is one.
func canaryDocuments(t *testing.T, w *mesh.World, c canaries) map[string]string {
	t.Helper()
	answer := c.plant("what an issuer answers")
	tag := c.plant("an issuer's entity tag")
	server := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("ETag", `"`+tag+`"`)
		rw.Header().Set("X-Answer", answer)
		if strings.HasPrefix(r.URL.Path, "/fails") {
			rw.WriteHeader(500)
		}
		fmt.Fprintf(rw, `{"keys":[{"kty":"oct","k":%q}], %q`, answer, answer)
	}))
	t.Cleanup(server.Close)
	provider := func(name, from, keys string) string {
		text := strings.Replace(mesh.Provider, "name: shop-idp", "name: "+name, 1)
		text = strings.Replace(text, "{file: "+mesh.Keys+"}", keys, 1)
		return text + from
	}
	query := c.plant("a URL's query")
	routes := shopRoutes + `
  - {name: cookie, http: {methods: [GET], path: /cookie}, allow: [{callers: [anyone], user: {provider: web-idp}}]}
  - {name: both, http: {methods: [GET], path: /both}, allow: [{callers: [anyone], user: {provider: [shop-idp, web-idp]}}]}
  - {name: garbage, http: {methods: [GET], path: /garbage}, allow: [{callers: [anyone], user: {provider: garbage-idp}}]}
  - {name: fails, http: {methods: [GET], path: /fails}, allow: [{callers: [anyone], user: {provider: fails-idp}}]}
`
	return map[string]string{
		"orders.yaml":  mesh.Policy(routes),
		"idp.yaml":     mesh.Provider,
		"web.yaml":     provider("web-idp", "  from: {cookie: __Host-session}\n", "{file: "+mesh.Keys+"}"),
		"issuer.pem":   string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})),
		"garbage.yaml": provider("garbage-idp", "", fmt.Sprintf(`{url: "%s/garbage?key=%s", ca: {file: issuer.pem}}`, server.URL, query)),
		"fails.yaml":   provider("fails-idp", "", fmt.Sprintf(`{url: "%s/fails?key=%s", ca: {file: issuer.pem}}`, server.URL, query)),
	}
}

// canaryRequests are requests of every sort that hold a secret, and the status that each gets.
func canaryRequests(t *testing.T, m *mesh.Mesh, c canaries) map[string]int {
	t.Helper()
	secret := mint.Set("secret", c.plant("a claim"))
	token := func(what string, edits ...func(map[string]any)) string {
		raw := m.Token(append([]func(map[string]any){secret}, edits...)...)
		c[what] = raw
		c[what+"'s signature"] = raw[strings.LastIndex(raw, ".")+1:]
		return raw
	}
	bearer := func(credential string) string { return "authorization: Bearer " + credential }
	good := token("a good token")
	kid := c.plant("an unknown kid")
	stranger := minttest.Token(t, minttest.Key(t, "ES256", kid), time.Now())
	c["a stranger's token"] = stranger
	cookie := "cookie: theme=" + c.plant("another cookie") + "; __Host-session="
	basic := base64.StdEncoding.EncodeToString([]byte("user:" + c.plant("a password")))
	value := c.plant("a header's value")
	query := "?access_token=" + c.plant("a query")
	return map[string]int{
		request("GET", "/me"+query, bearer(good), "x-api-key: "+value):                                                    200,
		request("GET", "/cookie", cookie+token("a cookie's token")):                                                       200,
		request("GET", "/public/a"+query, bearer(good), "x-request-id: "+c.plant("a request id")):                         200,
		request("GET", "/me", bearer(token("an expired token", mint.Set("exp", 1)))):                                      401,
		request("GET", "/me", bearer(token("another audience's token", mint.Set("aud", "other")))):                        401,
		request("GET", "/me", bearer(token("another issuer's token", mint.Set("iss", "https://"+c.plant("an issuer"))))):  401,
		request("GET", "/me", bearer(token("a token with a bad claim", mint.Set("scope", []any{c.plant("a scope"), 1})))): 401,
		request("GET", "/me", bearer(token("a bound token", mint.Set("cnf", map[string]any{"jkt": c.plant("a cnf")})))):   401,
		request("GET", "/me", bearer(good[:len(good)-8]+"AAAAAAAA")):                                                      401,
		request("GET", "/me", bearer(stranger)):                                                                           401,
		request("GET", "/me", bearer(c.plant("no token at all"))):                                                         401,
		request("GET", "/me", bearer(strings.Repeat(c.plant("too long a token"), 500))):                                   401,
		request("GET", "/me", "authorization: Basic "+basic):                                                              401,
		request("GET", "/me", bearer(good)+","+bearer(good)):                                                              401,
		request("POST", "/pay", bearer(good)):                                                                             401, // step-up
		request("GET", "/cookie", cookie+c.plant("a cookie that is no token")):                                            401,
		request("GET", "/both", bearer(good), cookie+good):                                                                401,
		request("GET", "/nowhere"+query, bearer(good), "x-api-key: "+value):                                               403,
		request("GET", "/orders/a;b=c"+query, bearer(good)):                                                               400,
		request("GET", "/me", bearer(good), "x-postern-user: "+value, "x-envoy-original-path: "+value, "baggage: "+value): 200,
		request("GET", "/garbage", bearer(good)):                                                                          503,
		request("GET", "/fails", bearer(good)):                                                                            503,
	}
}

// TestCanaries plants secrets wherever Postern is given one, has it allow and refuse in every way
// with the log at its most talkative, and then searches all that it wrote.
func TestCanaries(t *testing.T) {
	t.Parallel()
	c := canaries{}
	w := mesh.NewWorld(t)
	m := shop(t, mesh.Setup{World: w, Policies: canaryDocuments(t, w, c), Postern: postern.Options{Args: []string{"--log-level", "debug"}}})
	answers := 0
	for text, want := range canaryRequests(t, m, c) {
		got := do(t, m, m.As(mesh.Web), text)
		if got.Status != want && !(want == 401 && got.Status == 503) { // an unknown kid is pending at first
			t.Errorf("%.200q: %d %s, want %d", text, got.Status, got.Body, want)
		}
		if got.Status == 200 {
			continue // the upstream's answer, which says what it was sent
		}
		answers++
		c.search(t, fmt.Sprintf("the answer %d", got.Status), fmt.Sprintf("%q %s", got.Fields, got.Body))
	}
	// A document that is refused, and says a password where it should not.
	m.Write(t, "bad.yaml", strings.NewReplacer("shop-idp", "bad-idp", "{file: "+mesh.Keys+"}", `{url: "https://user:`+c.plant("a password in a URL")+`@idp.test/?k=`+c["a URL's query"]+`"}`).Replace(mesh.Provider))
	eventually(t, "the bad document is refused", func() bool { return strings.Contains(m.Postern.Log(), "bad.yaml") })
	for _, path := range []string{"/metrics", "/snapshot", "/readyz", "/healthz", "/jwks.json", "/nowhere?" + c["a query"]} {
		_, body, err := m.Postern.Get(path)
		if err != nil {
			t.Fatal(err)
		}
		c.search(t, path[:min(len(path), 10)], body)
	}
	eventually(t, "a record of each answer", func() bool { return len(m.Postern.Records()) >= answers })
	if err := m.Postern.Stop(10 * time.Second); err != nil {
		t.Error(err)
	}
	c.search(t, "the records", m.Postern.Output())
	c.search(t, "the log", m.Postern.Log())
}

// TestCanaryKey gives Postern the workload's private key, as a Workload API does.
func TestCanaryKey(t *testing.T) {
	t.Parallel()
	w := mesh.NewWorld(t)
	a := startSVIDAgent(t)
	svid := minttest.SVID(t, w.Shop, mesh.Orders)
	a.say(t, svid, w.Shop)
	der, err := x509.MarshalPKCS8PrivateKey(svid.Key)
	if err != nil {
		t.Fatal(err)
	}
	scalar := der[36:68] // of a P-256 key, without the public one that follows it
	policies := t.TempDir()
	for name, text := range map[string]string{"orders.yaml": mesh.Policy(shopRoutes), "idp.yaml": mesh.Provider, mesh.Keys: string(mint.JWKS(w.Issuer))} {
		if err := os.WriteFile(filepath.Join(policies, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := postern.Start(t, postern.Options{Policies: policies, Args: []string{"--workload-api", "unix://" + a.path, "--log-level", "debug"}})
	c := canaries{"the private key": string(scalar), "the private key, printed": fmt.Sprint(scalar)[1:60]}
	for _, path := range []string{"/metrics", "/snapshot", "/readyz", "/jwks.json"} {
		_, body, err := p.Get(path)
		if err != nil {
			t.Fatal(err)
		}
		c.search(t, path, body)
	}
	wrong := *minttest.SVID(t, w.Shop, mesh.Orders)
	wrong.Key = svid.Key // which is not the certificate's
	before := len(p.Log())
	a.say(t, &wrong, w.Shop)
	eventually(t, "the wrong key is reported", func() bool { return len(p.Log()) > before })
	if err := p.Stop(time.Minute); err != nil {
		t.Error(err)
	}
	c.search(t, "the log", p.Log()+p.Output())
}

// TestCanariesInTheEnvironment: what is set is not printed as a default, nor by an error about
// something else.
func TestCanariesInTheEnvironment(t *testing.T) {
	t.Parallel()
	c := canaries{}
	env := append(process.Environment(), "HTTPS_PROXY=http://u:"+c.plant("a proxy's password")+"@127.0.0.1:1", "PASSWORD="+c.plant("what is nobody's"))
	for _, name := range []string{"LISTEN", "POLICIES", "SECRETS", "WORKLOAD", "WORKLOAD_API", "CALLERS", "RECORD", "ISSUER_NETWORKS"} {
		env = append(env, "POSTERN_"+name+"="+c.plant("POSTERN_"+name))
	}
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}, {"help", "serve"}, {"--version"}, {"schema"}, {"completion", "bash"}, {"serve", "--nonsense"}} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, postern.Binary(t), args...)
		cmd.Env = env
		text, _ := cmd.CombinedOutput() // some of them fail, and say so
		cancel()
		c.search(t, strings.Join(args, " "), string(text))
		if len(text) == 0 {
			t.Errorf("%q says nothing", args)
		}
	}
}
