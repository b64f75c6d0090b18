package suite_test

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/rogpeppe/go-internal/txtar"
	"go.uber.org/zap"

	"github.com/postern/postern/extauthz"
	"github.com/postern/postern/extauthz/record"
	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/identity/revocation"
	"github.com/postern/postern/identity/svid"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/syntax"
)

// TestTheSidecarAnswersAlike asks a real authorizer, with real certificates and tokens, what the
// tests of each archive ask, and wants the same decision.
func TestTheSidecarAnswersAlike(t *testing.T) {
	asked := 0
	for _, name := range []string{"shop", "users", "mesh", "conditions", "delegation", "claims"} {
		archive, err := txtar.ParseFile(filepath.Join("testdata", name+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		all := documents(t, archive)
		s, err := suite.New(all, suite.Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		car := newSidecar(t, all)
		users := s.Users()
		for i, r := range s.Run(nil) {
			token, ok := car.token(t, &r, users[i])
			if !ok {
				continue // a bad credential that no token makes here
			}
			asked++
			if got, want := car.ask(t, &r, token), r.Decision; got.Allow != want.Allow || got.Reason != want.Reason || got.Rule != want.Rule ||
				got.RuleName != want.RuleName || got.Route != want.Route {
				t.Errorf("%s: %s: the sidecar says %s, route %q, and the test %s, route %q", name, r.Name, suite.Why(&got), got.Route, suite.Why(&want), want.Route)
			}
		}
	}
	if asked < 120 {
		t.Errorf("%d were asked", asked)
	}
}

// A sidecar is an authorizer and whoever issues what it verifies.
type sidecar struct {
	server    *extauthz.Server
	current   *extauthz.Current
	catalog   *policy.Catalog
	providers map[string]*identity.Provider
	keys      map[string]*mint.Key // by kid
	cas       map[string]*mint.CA  // by trust domain
	at        time.Time
	leaf      *x509.Certificate // of the caller, to which its token may be bound; nil for none yet
	last      record.Record
}

func newSidecar(t *testing.T, documents []syntax.Document) *sidecar {
	t.Helper()
	c := &sidecar{
		current: &extauthz.Current{}, providers: map[string]*identity.Provider{}, cas: map[string]*mint.CA{},
		keys: map[string]*mint.Key{"": minttest.Key(t, "RS256", "any"), "k1": minttest.Key(t, "RS256", "k1")},
	}
	file := minttest.File(t, "keys.json", mint.JWKS(c.keys[""], c.keys["k1"]))
	var revocations []*identity.Revocation
	for _, d := range documents {
		if p := d.IdentityProvider; p != nil {
			p.JWT.Keys = identity.KeySource{File: file, Root: filepath.Dir(file), Refresh: time.Hour, MaxStale: 1000 * time.Hour}
			c.providers[d.Name] = p
		}
		if d.Revocation != nil {
			revocations = append(revocations, d.Revocation)
		}
	}
	var err error
	if c.catalog, err = policy.Prepare(documents, now); err != nil {
		t.Fatal(err)
	}
	revoked, err := revocation.Compile(revocations...)
	if err != nil {
		t.Fatal(err)
	}
	bundles, err := svid.NewBundles(c.bundle(t, "shop.test"), c.bundle(t, "partner.test"), c.bundle(t, "a.test"))
	if err != nil {
		t.Fatal(err)
	}
	users := c.users(t)
	c.current.Update(func(s *extauthz.Snapshot) {
		s.Callers, s.Users, s.Revoked = svid.Verifier{Bundles: bundles}, users, revoked
	})
	c.server = extauthz.New(extauthz.Config{Current: c.current, Records: c, Metrics: c, Log: zap.NewNop(), Now: func() time.Time { return c.at }})
	return c
}

func (c *sidecar) Keep(_ context.Context, r *record.Record) bool {
	c.last = *r
	return true
}
func (c *sidecar) Decided(*policy.Decision, time.Duration) {}
func (c *sidecar) Panicked()                               {}

func (c *sidecar) bundle(t *testing.T, domain string) svid.Bundle {
	t.Helper()
	ca := minttest.CA(t, domain, mint.Now(suite.DefaultTime().Add(-time.Hour)), mint.Lifetime(2*365*24*time.Hour))
	c.cas[domain] = ca
	bundle, err := svid.NewBundle(ca.TrustDomain(), []*x509.Certificate{ca.Certificate()})
	if err != nil {
		t.Fatal(err)
	}
	return bundle
}

// users returns the providers, when all of them have keys.
func (c *sidecar) users(t *testing.T) *provider.Set {
	t.Helper()
	changed := make(chan *provider.Set, 100)
	m := provider.NewManager(provider.Options{Poll: time.Millisecond, Changed: func(s *provider.Set) { changed <- s }})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { m.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	var all []identity.Provider
	for _, p := range c.providers {
		all = append(all, *p)
	}
	if err := m.Configure(all); err != nil {
		t.Fatal(err)
	}
	for {
		select {
		case s := <-changed:
			if c.haveKeys(t, s) {
				return s
			}
		case <-time.After(time.Minute):
			t.Fatal("the providers have no keys")
		}
	}
}

func (c *sidecar) haveKeys(t *testing.T, s *provider.Set) bool {
	t.Helper()
	for name, p := range c.providers {
		token := minttest.Sign(t, c.keys[""], c.keys[""].Header("JWT"), mint.Claims(now, mint.Set("iss", p.JWT.Issuer), mint.Set("aud", p.JWT.Audiences[0])))
		if got := s.Authenticate(context.Background(), []string{name}, kind.Request{Headers: policy.NewHeaders(carry(p, token), false)}, now, identity.Caller{}); got.Reason.Unavailable() {
			return false
		}
	}
	return true
}

// carry returns the header that carries a token where a provider looks for it.
func carry(p *identity.Provider, token string) []policy.Header {
	if p.From.Cookie != "" {
		return []policy.Header{{Name: "cookie", Value: p.From.Cookie + "=" + token}}
	}
	return []policy.Header{{Name: p.From.Header, Value: strings.TrimSpace(p.From.Scheme + " " + token)}}
}

// token returns the header with the credential of a test, if one can be made.
func (c *sidecar) token(t *testing.T, r *suite.Result, user *identity.User) ([]policy.Header, bool) {
	t.Helper()
	asked := r.Case.User
	switch {
	case user != nil:
		key := c.keys[user.KeyID]
		if c.leaf = c.svid(t, r); c.leaf != nil && user.Bound == identity.BoundMTLS {
			sum := sha256.Sum256(c.leaf.Raw)
			user.Claims["cnf"] = map[string]any{"x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])}
		}
		return carry(c.providers[user.Provider], minttest.Sign(t, key, key.Header("JWT"), user.Claims)), true
	case asked == nil || asked.Credential.Value == "":
		return nil, true
	case asked.Credential.Value != reason.TokenExpired.String() || asked.Provider.Value == "":
		return nil, false
	}
	p := c.providers[asked.Provider.Value]
	token := minttest.Token(t, c.keys[""], r.Request.Time.Add(-48*time.Hour), mint.Set("iss", p.JWT.Issuer), mint.Set("aud", p.JWT.Audiences[0]))
	return carry(p, token), true
}

// ask sends what a test asks as Envoy would, and returns what was decided.
func (c *sidecar) ask(t *testing.T, r *suite.Result, token []policy.Header) policy.Decision {
	t.Helper()
	set, err := c.catalog.Set(r.Workload)
	if err != nil {
		t.Fatal(err)
	}
	c.current.Update(func(s *extauthz.Snapshot) { s.Policy = set })
	c.at = r.Request.Time
	from := r.Case.Request
	http := &authv3.AttributeContext_HttpRequest{Method: from.Method.Value, Path: from.Path.Value, Host: suite.DefaultHost, Protocol: "HTTP/1.1"}
	headers := token
	if from.GRPC.Value != "" {
		http.Method, http.Path, http.Protocol = "POST", "/"+from.GRPC.Value, "HTTP/2"
	}
	if from.HTTP2 != nil && !*from.HTTP2 {
		http.Protocol = "HTTP/1.1"
	}
	if from.Host.Value != "" {
		http.Host = from.Host.Value
	}
	if from.Upgrade.Value != "" {
		headers = append(headers, policy.Header{Name: "upgrade", Value: from.Upgrade.Value}, policy.Header{Name: "connection", Value: "Upgrade"})
	}
	typed := false
	if from.Headers != nil {
		for _, h := range from.Headers.Fields {
			typed = typed || h.Name == "content-type"
			for _, v := range h.Values {
				headers = append(headers, policy.Header{Name: h.Name, Value: v.Value})
			}
		}
	}
	if from.GRPC.Value != "" && !typed {
		headers = append(headers, policy.Header{Name: "content-type", Value: "application/grpc"})
	}
	http.HeaderMap = rawHeaders(append(headers, policy.Header{Name: ":path", Value: http.Path}))
	a := &authv3.AttributeContext{Source: &authv3.AttributeContext_Peer{}, Request: &authv3.AttributeContext_Request{Http: http}}
	if from.Source.Value != "" {
		a.Source.Address = &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{Address: from.Source.Value}}}
	}
	if c.leaf == nil {
		c.leaf = c.svid(t, r)
	}
	if c.leaf != nil {
		a.Source.Principal, a.Source.Certificate = r.Case.Caller.ID.Value, mint.EnvoyCertificate(c.leaf)
	}
	c.leaf = nil
	if _, err := c.server.Check(context.Background(), &authv3.CheckRequest{Attributes: a}); err != nil {
		t.Fatal(err)
	}
	return c.last.Decision
}

func rawHeaders(all []policy.Header) *corev3.HeaderMap {
	m := &corev3.HeaderMap{}
	for _, h := range all {
		m.Headers = append(m.Headers, &corev3.HeaderValue{Key: h.Name, RawValue: []byte(h.Value)})
	}
	return m
}

// svid makes the certificate of a test's caller, nil for none.
func (c *sidecar) svid(t *testing.T, r *suite.Result) *x509.Certificate {
	t.Helper()
	caller := r.Case.Caller
	if caller == nil || caller.ID.Value == "" {
		return nil
	}
	domain, _, _ := strings.Cut(strings.TrimPrefix(caller.ID.Value, "spiffe://"), "/")
	options := []mint.Option{mint.Now(r.Request.Time)}
	if caller.Serial.Value != "" {
		serial, _ := new(big.Int).SetString(caller.Serial.Value, 16)
		options = append(options, mint.With(func(cert *x509.Certificate) { cert.SerialNumber = serial }))
	}
	return minttest.SVID(t, c.cas[domain], caller.ID.Value, options...).Leaf()
}
