package house_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy/format"
	"github.com/postern/postern/policy/lint"
	"github.com/postern/postern/policy/syntax"
)

const providersFolder = "docs/providers"

// TestTheProvidersOfTheDocumentationLoad holds each page of a provider to an IdentityProvider that
// loads, and to what the tools say of it.
func TestTheProvidersOfTheDocumentationLoad(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(root(), providersFolder, "*.md"))
	if err != nil || len(pages) < 5 {
		t.Fatalf("%d pages (%v)", len(pages), err)
	}
	index := read(t, filepath.Join(root(), providersFolder, "README.md"))
	for _, path := range pages {
		name := filepath.Base(path)
		if name == "README.md" {
			continue
		}
		if !strings.Contains(index, "("+name+")") {
			t.Errorf("the index does not name %s", name)
		}
		text := providerText(t, name)
		formatted, err := format.Source(name, []byte(text))
		if err != nil || string(formatted) != text {
			t.Errorf("%s (%v) is not in the canonical form:\n%s", name, err, difference(text, string(formatted)))
		}
		for _, f := range lint.Run([]lint.Source{{Name: name, Text: []byte(text)}}, lint.Options{Now: written}).Findings {
			if f.Severity >= lint.Warning {
				t.Errorf("%v: %s: %s", f.Position, f.Code, f.Message)
			}
		}
	}
}

// providerText returns the first example of a provider's page.
func providerText(t *testing.T, page string) string {
	t.Helper()
	return block(t, read(t, filepath.Join(root(), providersFolder, page)), "yaml", "kind: IdentityProvider")
}

// A recorded is what a provider publishes that no test can call: its metadata, and its tokens.
type recorded struct {
	page, issuer string
	metadata     map[string]any            // with @ in place of the issuer
	keys         string                    // of jwks_uri, below the host of the keys
	without      string                    // how a line of the page's document begins that is left out
	typ          string                    // of the tokens that are taken
	claims       map[string]any            // of theirs, those but iss and times
	taken        map[string]map[string]any // claims that they may have instead; nil is without
	refused      map[string]change
}

// A change of a token, and the reason why it is refused then.
type change struct {
	typ    string // "" for that of those that are taken
	claims map[string]any
	want   reason.Code
}

// TestTheRecordedProviders holds that the pages of providers that no test can call fit the shape
// of their metadata and tokens.
func TestTheRecordedProviders(t *testing.T) {
	for _, r := range []recorded{google(), auth0(), auth0Classic()} {
		t.Run(r.page+" "+r.typ, func(t *testing.T) {
			key := minttest.Key(t, "RS256", "f39b5c1a")
			issuer, m := r.serve(t, key)
			outcome := func(typ string, claims map[string]any) reason.Code {
				token := minttest.Sign(t, key, key.Header(typ), r.with(issuer, claims))
				names := []string{strings.TrimSuffix(r.page, ".md")}
				return m.Current().Authenticate(context.Background(), names, kind.Request{Headers: authorization(token)}, time.Now(), identity.Caller{}).Reason
			}
			keystest.Until(t, "keys", func() bool { return outcome(r.typ, nil) != reason.KeysUnavailable })
			r.taken["as it is"] = nil
			for name, claims := range r.taken {
				if got := outcome(r.typ, claims); got != reason.Allowed {
					t.Errorf("one %s: %v", name, got)
				}
			}
			for name, x := range r.refused {
				if got := outcome(cmp.Or(x.typ, r.typ), x.claims); got != x.want {
					t.Errorf("one %s: %v, want %v", name, got, x.want)
				}
			}
		})
	}
}

// with returns the claims of a token of now, with others in place of some.
func (r recorded) with(issuer string, others map[string]any) map[string]any {
	now := time.Now()
	claims := map[string]any{"iss": issuer, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	maps.Copy(claims, r.claims)
	maps.Copy(claims, others)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

// serve publishes the provider's metadata and keys, each at a host of its own as Google does,
// and returns the issuer and a Manager of the page's provider.
func (r recorded) serve(t *testing.T, key *mint.Key) (string, *provider.Manager) {
	t.Helper()
	at, keysAt := keystest.New(t, key), keystest.New(t, key)
	issuer := at.URL + strings.TrimPrefix(r.issuer, strings.TrimSuffix(r.issuer, "/"))
	metadata, err := json.Marshal(r.metadata)
	if err != nil {
		t.Fatal(err)
	}
	page := strings.NewReplacer("@/", at.URL+"/", "@", issuer, "KEYS", keysAt.URL).Replace(string(metadata))
	at.Answer(keystest.Discovery, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, page) })
	keysAt.Answer(r.keys, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=22000, must-revalidate, no-transform")
		_, _ = w.Write(mint.JWKS(key))
	})
	dir := t.TempDir()
	roots := read(t, at.CAFile) + read(t, keysAt.CAFile)
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), []byte(roots), 0o600); err != nil {
		t.Fatal(err)
	}
	documents, err := syntax.Parse(filepath.Join(dir, r.page), []byte(r.text(t, issuer)))
	if err != nil {
		t.Fatal(err)
	}
	p := *documents[0].IdentityProvider
	p.JWT.Keys.CAFile, p.JWT.Keys.Root = filepath.Join(dir, "ca.pem"), dir
	return issuer, managed(t, p)
}

// text returns the document of the page, for a provider that has another address and a private CA.
func (r recorded) text(t *testing.T, issuer string) string {
	t.Helper()
	text := strings.NewReplacer(r.issuer, issuer, "{discovery: true}", "{discovery: true, ca: {file: ca.pem}}").Replace(providerText(t, r.page))
	var lines []string
	for line := range strings.Lines(text) {
		if r.without == "" || !strings.HasPrefix(strings.TrimSpace(line), r.without) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// managed returns a Manager of one provider, which ends with the test.
func managed(t *testing.T, p identity.Provider) *provider.Manager {
	t.Helper()
	m := provider.NewManager(provider.Options{Kinds: provider.Kinds(), Interval: 10 * time.Millisecond})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { m.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	if err := m.Configure([]identity.Provider{p}); err != nil {
		t.Fatal(err)
	}
	return m
}

// An authorization is the one header of a request with a bearer token.
type authorization string

// First returns the header.
func (a authorization) First(name string) (string, int) {
	if name != "authorization" {
		return "", 0
	}
	return "Bearer " + string(a), 1
}

// Joined says that nothing was.
func (authorization) Joined() bool { return false }
