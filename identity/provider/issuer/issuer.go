// Package issuer is the kind of credential that is a JWT of one issuer: identity/jwt's
// verifier, fed with the keys that identity/keys keeps current.
package issuer

import (
	"errors"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jwt"
	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
)

// Kind returns the kind "jwt".
func Kind() kind.Kind {
	return kind.Kind{
		Name:    "jwt",
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
	lease    *keys.Lease // nil before Start
}

func newSource(p identity.Provider, env kind.Env) (kind.Source, error) {
	verifier, err := jwt.New(p)
	if err != nil {
		return nil, err
	}
	if err := keys.Check(p.JWT.Issuer, p.JWT.Keys); err != nil {
		return nil, err
	}
	return &source{config: *p.JWT, verifier: verifier, pool: env.Keys}, nil
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

func (s *source) Keys() *keys.Status {
	if s.lease == nil {
		return nil
	}
	status := s.lease.Status()
	return &status
}

func (s *source) Prover() kind.Prover {
	p := &prover{lease: s.lease, keyless: s.verifier, current: s.verifier}
	if set := s.lease.Set(); set != nil {
		p.current = s.verifier.WithKeys(set.Keys)
	}
	return p
}

// A prover holds the keys of one time.
type prover struct {
	lease   *keys.Lease
	keyless *jwt.Verifier // says what is wrong with a token, or that there are no keys
	current *jwt.Verifier
}

func (p *prover) MaxSize() int { return p.keyless.MaxSize() }

func (p *prover) Match(c *kind.Presented) kind.Match { return match(p.keyless, c) }

func match(v *jwt.Verifier, c *kind.Presented) kind.Match {
	token, err := c.Token()
	switch {
	case err != nil || v.Addresses(token) != nil:
		return kind.None
	case !v.AddressedTo(token):
		return kind.Kin
	}
	return kind.Own
}

func (p *prover) Prove(c *kind.Presented, at time.Time, caller identity.Caller) (*identity.User, int, error) {
	token, err := c.Token()
	if err != nil {
		return nil, 0, err
	}
	verifier := p.current
	if !p.lease.Fresh(at) {
		verifier = p.keyless
	}
	user, err := verifier.VerifyToken(token, at, caller)
	switch code := reason.Of(err); {
	case code == reason.KeysUnavailable:
		return nil, p.lease.Wait(), err
	case code == reason.TokenKeyUnknown:
		// Only a token that could be this issuer's gets here: its iss, alg and typ are right.
		if wait, pending := p.want(token.KeyID()); pending {
			return nil, wait, reason.Errorf(reason.KeysPending, "a fetch may bring the key: %w", err)
		}
	}
	return user, 0, err
}

// want asks for the key with a kid. Without one, no key is the missing one.
func (p *prover) want(kid string) (wait int, pending bool) {
	if kid == "" {
		return 0, false
	}
	return p.lease.Want(kid)
}
