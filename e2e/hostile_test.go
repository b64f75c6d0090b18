package e2e_test

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// A hostileIssuer answers the request for its keys in a way of its own.
type hostileIssuer struct {
	name   string
	answer func(w http.ResponseWriter, r *http.Request, keys []byte)
	hits   atomic.Int64
}

func hostileIssuers() []*hostileIssuer {
	text := func(body string) func(http.ResponseWriter, *http.Request, []byte) {
		return func(w http.ResponseWriter, _ *http.Request, _ []byte) { fmt.Fprint(w, body) }
	}
	return []*hostileIssuer{
		{name: "hangs", answer: func(_ http.ResponseWriter, r *http.Request, _ []byte) { <-r.Context().Done() }},
		{name: "fails", answer: func(w http.ResponseWriter, _ *http.Request, keys []byte) {
			w.WriteHeader(500)
			_, _ = w.Write(keys)
		}},
		{name: "garbage", answer: text("\x00\xff{{{")},
		{name: "page", answer: text("<html>Sign in</html>")},
		{name: "empty", answer: text(`{"keys":[]}`)},
		{name: "symmetric", answer: text(`{"keys":[{"kty":"oct","kid":"k1","alg":"ES256","k":"c2VjcmV0"}]}`)},
		{name: "huge", answer: func(w http.ResponseWriter, _ *http.Request, keys []byte) {
			_, _ = w.Write(keys)
			for range 50 {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		}},
		{name: "redirects", answer: func(w http.ResponseWriter, r *http.Request, keys []byte) {
			if r.URL.Path == "/elsewhere" {
				_, _ = w.Write(keys)
				return
			}
			http.Redirect(w, r, "http://"+r.Host+"/elsewhere", http.StatusFound)
		}},
		{name: "drips", answer: func(w http.ResponseWriter, r *http.Request, keys []byte) {
			for _, b := range keys {
				select {
				case <-r.Context().Done():
					return
				case <-time.After(500 * time.Millisecond):
				}
				_, _ = w.Write([]byte{b})
				w.(http.Flusher).Flush()
			}
		}},
	}
}

// TestAHostileIssuerHarmsOnlyItsOwnTokens runs a Postern with one sound issuer and many that are not.
func TestAHostileIssuerHarmsOnlyItsOwnTokens(t *testing.T) {
	t.Parallel()
	w := mesh.NewWorld(t)
	issuers := hostileIssuers()
	documents := map[string]string{"idp.yaml": mesh.Provider}
	routes := shopRoutes
	for _, i := range issuers {
		server := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			i.hits.Add(1)
			i.answer(rw, r, mint.JWKS(w.Issuer))
		}))
		t.Cleanup(func() {
			server.CloseClientConnections()
			server.Close()
		})
		documents[i.name+".pem"] = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
		documents[i.name+".yaml"] = fmt.Sprintf(`apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: %[1]s}
spec:
  jwt:
    issuer: https://idp.shop.test/
    audiences: [shop-api]
    algorithms: [ES256]
    jwks: {url: "%[2]s/keys", ca: {file: %[1]s.pem}}
`, i.name, server.URL)
		routes += fmt.Sprintf("  - {name: %[1]s, http: {methods: [GET], path: /h/%[1]s}, allow: [{callers: [%[2]q], user: {provider: %[1]s}}]}\n", i.name, mesh.Web)
	}
	documents["orders.yaml"] = mesh.Policy(routes)
	m := shop(t, mesh.Setup{World: w, Policies: documents})
	token := "authorization: Bearer " + m.Token()
	for range 20 {
		begun := time.Now()
		if got := do(t, m, m.As(mesh.Web), request("GET", "/me", token)); got.Status != 200 {
			t.Fatalf("the sound issuer's token: %d %s", got.Status, got.Body)
		}
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("the sound issuer's token took %v", took)
		}
		for _, i := range issuers {
			got := do(t, m, m.As(mesh.Web), request("GET", "/h/"+i.name, token, marked(i.name)))
			body, err := refused(got)
			if err != nil || got.Status != 503 || !slices.Contains([]string{"keys_unavailable", "keys_pending"}, body.Reason) || len(got.Get("retry-after")) != 1 {
				t.Errorf("%s: %d %s, retry-after %q", i.name, got.Status, got.Body, got.Get("retry-after"))
			}
		}
	}
	for _, i := range issuers {
		if n := len(m.Upstream.Find(i.name)); n != 0 {
			t.Errorf("%s: %d got in", i.name, n)
		}
		if n := i.hits.Load(); n > 2 {
			t.Errorf("%s was asked %d times for 20 tokens", i.name, n)
		}
	}
}

// TestAnUnknownKeyCausesAtMostOneFetch floods a sound issuer with tokens of keys it never had.
func TestAnUnknownKeyCausesAtMostOneFetch(t *testing.T) {
	t.Parallel()
	w := mesh.NewWorld(t)
	var hits atomic.Int64
	server := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		hits.Add(1)
		_, _ = rw.Write(mint.JWKS(w.Issuer))
	}))
	t.Cleanup(server.Close)
	m := shop(t, mesh.Setup{World: w, Policies: map[string]string{
		"orders.yaml": mesh.Policy(shopRoutes),
		"idp.pem":     string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})),
		"idp.yaml":    strings.Replace(mesh.Provider, "{file: "+mesh.Keys+"}", fmt.Sprintf(`{url: "%s/keys", ca: {file: idp.pem}}`, server.URL), 1),
	}})
	good := request("GET", "/me", "authorization: Bearer "+m.Token())
	eventually(t, "the keys are there", func() bool { return do(t, m, m.As(mesh.Web), good).Status == 200 })
	client := m.HTTP1(t, m.As(mesh.Web))
	for n := range 100 {
		key := minttest.Key(t, "ES256", fmt.Sprintf("unknown-%d", n%7))
		got, err := client.Do(request("GET", "/me", "authorization: Bearer "+minttest.Token(t, key, time.Now()), marked("flood")))
		if err != nil {
			t.Fatal(err)
		}
		body, err := refused(got)
		if err != nil || body.Reason != "keys_pending" && body.Reason != "token_key_unknown" {
			t.Fatalf("token %d: %d %s", n, got.Status, got.Body)
		}
	}
	if n := len(m.Upstream.Find("flood")); n != 0 {
		t.Errorf("%d got in", n)
	}
	if n := hits.Load(); n > 2 {
		t.Errorf("the issuer was asked %d times", n)
	}
	if got := do(t, m, m.As(mesh.Web), good); got.Status != 200 {
		t.Errorf("a good token after the flood: %d %s", got.Status, got.Body)
	}
}
