package provider_test

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
)

// passwordKind is a toy: one folder's worth of code, and one line in the table below. Its
// credential is the provider's name.
func passwordKind() kind.Kind {
	return kind.Kind{
		Name: "password",
		Is:   func(p identity.Provider) bool { return p.JWT == nil && p.JWTSVID == nil && p.Name != "neither" },
		New:  func(p identity.Provider, _ kind.Env) (kind.Source, error) { return &password{name: p.Name}, nil },
	}
}

type password struct {
	name             string
	started, stopped int
}

func (p *password) Start() error {
	p.started++
	if p.name == "broken" {
		return errors.New("cannot start")
	}
	return nil
}
func (p *password) Stop()               { p.stopped++ }
func (p *password) Prover() kind.Prover { return p }
func (p *password) Health() kind.Health { return kind.Health{} }
func (p *password) MaxSize() int        { return 100 }

func (p *password) Match(c *kind.Presented) kind.Match {
	if c.Raw() == p.name {
		return kind.Own
	}
	return kind.None
}

func (p *password) Prove(_ context.Context, c *kind.Presented, _ time.Time, _ identity.Caller) (*identity.User, int, error) {
	switch {
	case p.name == "nobody":
		return nil, 0, nil // a fault in a kind
	case subtle.ConstantTimeCompare([]byte(c.Raw()), []byte(p.name)) != 1:
		return nil, 7, reason.Errorf(reason.TokenSignature, "not the password")
	}
	return &identity.User{Provider: p.name, Subject: p.name}, 0, nil
}

func toy(name string) identity.Provider {
	return identity.Provider{Name: name, From: identity.Place{Header: "authorization", Scheme: "Bearer"}}
}

func TestAKindIsOneLine(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	idp := keystest.New(t, key)
	m := manager(t, provider.Options{Kinds: append(provider.Kinds(), passwordKind())})
	configure(t, m, issuer(idp, "idp"), toy("open-sesame"), toy("nobody"))
	keystest.Until(t, "keys", func() bool { return result(m, "idp", sign(t, idp, key)).User != nil })
	both := []string{"idp", "open-sesame"}
	for token, want := range map[string]reason.Code{
		"open-sesame":       reason.Allowed,
		sign(t, idp, key):   reason.Allowed,
		"close-sesame":      reason.TokenMalformed,
		"open-sesame-":      reason.TokenMalformed,
		mint.Subject + ".x": reason.TokenMalformed,
	} {
		expect(t, m.Current().Authenticate(context.Background(), both, bearer(token).request(), now(), identity.Caller{}), want)
	}
	expect(t, result(m, "open-sesame", "wrong"), reason.TokenSignature)
	if c := result(m, "nobody", "x"); c.User != nil || c.Reason != reason.Internal {
		t.Errorf("a kind that proves nobody: %+v", c)
	}
}

// TestKindsStartAndStop: each source is started once and stopped once, and a configuration
// that fails halfway leaves nothing at work.
func TestKindsStartAndStop(t *testing.T) {
	var made []*password
	counting := passwordKind()
	counting.New = func(p identity.Provider, _ kind.Env) (kind.Source, error) {
		made = append(made, &password{name: p.Name})
		return made[len(made)-1], nil
	}
	m := manager(t, provider.Options{Kinds: []kind.Kind{counting}})
	configure(t, m, toy("a"), toy("b"))
	configure(t, m, toy("a"))
	if err := m.Configure([]identity.Provider{toy("a"), toy("c"), toy("broken")}); err == nil {
		t.Error("a source that cannot start was accepted")
	}
	if err := m.Configure([]identity.Provider{toy("d"), toy("neither")}); err == nil {
		t.Error("a provider of no kind was accepted")
	}
	configure(t, m)
	want := map[string][2]int{"a": {1, 1}, "b": {1, 1}, "c": {1, 1}, "broken": {1, 0}, "d": {0, 0}}
	for _, p := range made {
		if got := [2]int{p.started, p.stopped}; got != want[p.name] {
			t.Errorf("%s: started and stopped %v times, want %v", p.name, got, want[p.name])
		}
	}
	two := provider.NewManager(provider.Options{Kinds: []kind.Kind{passwordKind(), passwordKind()}})
	if err := two.Configure([]identity.Provider{toy("a")}); err == nil {
		t.Error("a provider of two kinds was accepted")
	}
}

func ExampleManager() {
	published := make(chan *provider.Set, 1)
	m := provider.NewManager(provider.Options{
		Kinds:   []kind.Kind{passwordKind()},
		Changed: func(s *provider.Set) { published <- s },
	})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go m.Run(ctx)

	_ = m.Configure([]identity.Provider{toy("open-sesame")})
	set := <-published
	for _, h := range []headers{raw("authorization", "Bearer open-sesame"), raw("authorization", "Bearer x"), raw()} {
		c := set.Authenticate(context.Background(), []string{"open-sesame"}, h.request(), time.Now(), identity.Caller{})
		fmt.Println(c.Reason, c.Presented, c.User != nil)
	}
	// Output:
	// allowed true true
	// token_signature true false
	// credential_missing false false
}

func BenchmarkAuthenticate(b *testing.B) {
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		key := minttest.Key(b, alg, "k1")
		idp := keystest.New(b, key)
		m := started(b, issuer(idp, "idp"))
		set, r := m.Current(), bearer(sign(b, idp, key)).request()
		names := []string{"idp"}
		at := now()
		b.Run(alg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if c := set.Authenticate(context.Background(), names, r, at, identity.Caller{}); c.User == nil {
					b.Fatal(c.Cause)
				}
			}
		})
	}
}
