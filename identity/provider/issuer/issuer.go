// Package issuer is the kind of credential that is a JWT of one issuer: identity/jwt's
// verifier, fed with the keys that identity/keys keeps current.
package issuer

import (
	"context"
	"errors"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jwt"
	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/provider/kind"
)

// KindName is what the kind is called.
const KindName = "jwt"

// Kind returns the kind.
func Kind() kind.Kind {
	return kind.Kind{
		Name:    KindName,
		Is:      func(p identity.Provider) bool { return p.JWT != nil },
		New:     newSource,
		Inspect: newInspector,
	}
}

// A source is one issuer at work.
type source struct {
	config   identity.JWTIssuer
	verifier *jwt.Verifier // has no keys
	pool     *keys.Pool
	lease    *keys.Lease                        // nil before Start
	kept     *kind.Keeper[uint64, jwt.Verified] // by the generation of the keys
}

// A proven is the verifier of one set of keys, and what it verified.
type proven struct {
	verifier *jwt.Verifier
	kept     kind.Kept[jwt.Verified]
}

func newSource(p identity.Provider, env kind.Env) (kind.Source, error) {
	verifier, err := jwt.New(p)
	if err != nil {
		return nil, err
	}
	if err := keys.Check(p.JWT.Issuer, p.JWT.Keys); err != nil {
		return nil, err
	}
	return &source{config: *p.JWT, verifier: verifier, pool: env.Keys, kept: kind.NewKeeper[uint64, jwt.Verified](env.Memory)}, nil
}

func (s *source) Start() error {
	if s.lease != nil {
		return errors.New("started twice")
	}
	lease, err := s.pool.Acquire(s.config.Issuer, s.config.Keys)
	s.lease = lease
	return err
}

func (s *source) Stop() { s.lease.Release() }

func (s *source) Health() kind.Health {
	if s.lease == nil {
		return kind.Health{}
	}
	status := s.lease.Status()
	return kind.Health{Keys: &status}
}

func (s *source) Prover() kind.Prover {
	p := &prover{lease: s.lease, keyless: s.verifier, current: proven{verifier: s.verifier}}
	if set := s.lease.Set(); set != nil {
		p.current = proven{s.verifier.WithKeys(set.Keys), s.kept.Of(set.Generation)}
	}
	return p
}

// verify proves a credential but for its time and its caller, which are asked each time.
func (p *proven) verify(c *kind.Presented) (jwt.Verified, error) {
	if verified, ok := p.kept.Get(c); ok {
		return verified, nil
	}
	token, err := c.Token()
	if err != nil {
		return jwt.Verified{}, err
	}
	verified, err := p.verifier.Verify(token)
	if err == nil {
		p.kept.Put(c, verified, verified.Size())
	}
	return verified, err
}

// user proves a credential at a time, from a caller.
func (p *proven) user(c *kind.Presented, at time.Time, caller identity.Caller) (*identity.User, error) {
	verified, err := p.verify(c)
	if err != nil {
		return nil, err
	}
	return verified.For(at, caller)
}

// A prover holds the keys of one time.
type prover struct {
	lease   *keys.Lease
	keyless *jwt.Verifier // says what is wrong with a token, or that there are no keys
	current proven
}

func (p *prover) MaxSize() int { return p.keyless.MaxSize() }

func (p *prover) Match(c *kind.Presented) kind.Match { return c.MatchToken(p.keyless) }

func (p *prover) Prove(_ context.Context, c *kind.Presented, at time.Time, caller identity.Caller) (*identity.User, int, error) {
	from := &p.current
	if !p.lease.Fresh(at) {
		from = &proven{verifier: p.keyless}
	}
	user, err := from.user(c, at, caller)
	if err == nil {
		return user, 0, nil
	}
	// For a key waits only a token that could be this issuer's: its iss, alg and typ are right.
	kid := ""
	if token, unreadable := c.Token(); unreadable == nil {
		kid = token.KeyID()
	}
	wait, err := p.lease.Await(err, kid)
	return nil, wait, err
}
