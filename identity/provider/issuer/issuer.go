// Package issuer is the kind of credential that is a JWT of one issuer: identity/jwt's
// verifier, fed with the keys that identity/keys keeps current.
package issuer

import (
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jwt"
	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/memo"
	"github.com/postern/postern/identity/provider/kind"
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

// maxKept bounds how many verified tokens of one provider are kept; maxKeptSize how long one is in
// bytes. What is kept of a token is a few times its size.
const (
	maxKept     = 1024
	maxKeptSize = 4 << 10
)

// A source is one issuer at work.
type source struct {
	config   identity.JWTIssuer
	verifier *jwt.Verifier // has no keys
	pool     *keys.Pool
	lease    *keys.Lease // nil before Start

	mu   sync.Mutex
	last *proven // of the newest keys; nil before the first
}

// A proven is the verifier of one set of keys, and the tokens that it verified: they go when the
// keys change.
type proven struct {
	set      *keys.Set
	verifier *jwt.Verifier
	tokens   *memo.Memo[jwt.Verified]
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
	return &prover{lease: s.lease, keyless: s.verifier, current: s.proven(s.lease.Set())}
}

// proven returns the verifier of the keys, which is the last one while they are the same: another
// provider's keys must not cost this one's verified tokens.
func (s *source) proven(set *keys.Set) *proven {
	if set == nil {
		return &proven{verifier: s.verifier}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil || s.last.set.Generation != set.Generation {
		s.last = &proven{set: set, verifier: s.verifier.WithKeys(set.Keys), tokens: memo.New[jwt.Verified](maxKept)}
	}
	return s.last
}

// verify proves a credential but for its time and its caller, which are asked each time.
func (p *proven) verify(c *kind.Presented) (jwt.Verified, error) {
	if verified, ok := p.tokens.Get(c.Raw()); ok {
		return verified, nil
	}
	token, err := c.Token()
	if err != nil {
		return jwt.Verified{}, err
	}
	verified, err := p.verifier.Verify(token)
	if err == nil && len(c.Raw()) <= maxKeptSize {
		p.tokens.Put(strings.Clone(c.Raw()), verified)
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
	current *proven
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
	from := p.current
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
