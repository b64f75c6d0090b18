// Package jwtsvid is the kind of credential that is a JWT-SVID of one trust domain:
// identity/jwtsvid's verifier, fed with the JWT bundles that identity/trust keeps current.
package jwtsvid

import (
	"encoding/hex"
	"strings"
	"sync"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jwt"
	"github.com/postern/postern/identity/jwtsvid"
	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/memo"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
)

// retryAfter is how many seconds a client does well to wait for a bundle: an agent that is gone is
// looked for that often.
const retryAfter = 5

// maxKept bounds how many verified tokens of one provider are kept; maxKeptSize how long one is in
// bytes. What is kept of a token is a few times its size.
const (
	maxKept     = 1024
	maxKeptSize = 4 << 10
)

// Kind returns the kind "jwt-svid".
func Kind() kind.Kind {
	return kind.Kind{
		Name:    jwtsvid.KindName,
		Is:      func(p identity.Provider) bool { return p.JWTSVID != nil },
		New:     newSource,
		Inspect: newInspector,
	}
}

// A source is one trust domain's JWT-SVIDs at work. Its bundles are kept current by another.
type source struct {
	verifier *jwtsvid.Verifier // has no bundle
	bundles  func() *jwtsvid.Bundles

	mu     sync.Mutex
	digest [32]byte // of the keys that verified tokens
	tokens *memo.Memo[jwt.Verified]
}

func newSource(p identity.Provider, env kind.Env) (kind.Source, error) {
	verifier, err := jwtsvid.New(p)
	if err != nil {
		return nil, err
	}
	bundles := env.Bundles
	if bundles == nil {
		bundles = func() *jwtsvid.Bundles { return nil }
	}
	return &source{verifier: verifier, bundles: bundles}, nil
}

func (s *source) Start() error { return nil }

func (s *source) Stop() {}

// Keys returns how the bundle of the trust domain is.
func (s *source) Keys() *keys.Status {
	status := &keys.Status{Issuer: s.verifier.TrustDomain().IDString(), From: "JWT bundle", KeyIDs: []string{}}
	bundle, ok := s.bundles().Of(s.verifier.TrustDomain())
	if !ok {
		status.Error = "the trust domain has no JWT bundle: the Workload API does not serve it, or no bundle file has its keys"
		return status
	}
	digest := bundle.Keys().Digest()
	status.Keys, status.KeyIDs, status.Digest = bundle.Keys().Len(), bundle.Keys().KeyIDs(), hex.EncodeToString(digest[:])
	for _, skipped := range bundle.Keys().Skipped() {
		status.Skipped = append(status.Skipped, keys.Skipped(skipped))
	}
	if from := bundle.StaleFrom(); !from.IsZero() {
		status.Error = "the JWT bundle is the last good one, which serves until " + from.UTC().Format(time.RFC3339)
	}
	return status
}

func (s *source) Prover() kind.Prover {
	bundles := s.bundles()
	bundle, _ := bundles.Of(s.verifier.TrustDomain())
	return prover{matcher{s.verifier.With(bundles)}, s.kept(bundle.Keys().Digest())}
}

// kept returns what was verified by the keys of a digest: another trust domain's keys, or an agent
// that is gone, must not cost this one's verified tokens.
func (s *source) kept(digest [32]byte) *memo.Memo[jwt.Verified] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens == nil || s.digest != digest {
		s.digest, s.tokens = digest, memo.New[jwt.Verified](maxKept)
	}
	return s.tokens
}

// A prover holds the bundle of one time, and the tokens that its keys verified.
type prover struct {
	matcher
	tokens *memo.Memo[jwt.Verified]
}

func (p prover) Prove(c *kind.Presented, at time.Time, caller identity.Caller) (*identity.User, int, error) {
	user, err := p.prove(c, at, caller)
	if reason.Of(err).Unavailable() {
		return nil, retryAfter, err
	}
	return user, 0, err
}

func (p prover) prove(c *kind.Presented, at time.Time, caller identity.Caller) (*identity.User, error) {
	if kept, ok := p.tokens.Get(c.Raw()); ok {
		if err := p.verifier.Fresh(at); err != nil {
			return nil, err
		}
		return kept.For(at, caller)
	}
	token, err := c.Token()
	if err != nil {
		return nil, err
	}
	verified, err := p.verifier.Verify(token, at)
	if err != nil {
		return nil, err
	}
	if len(c.Raw()) <= maxKeptSize {
		p.tokens.Put(strings.Clone(c.Raw()), verified)
	}
	return verified.For(at, caller)
}

// A matcher says which tokens could be those of its trust domain.
type matcher struct{ verifier *jwtsvid.Verifier }

func (m matcher) MaxSize() int { return m.verifier.MaxSize() }

func (m matcher) Match(c *kind.Presented) kind.Match {
	token, err := c.Token()
	switch {
	case err != nil || m.verifier.Addresses(token) != nil:
		return kind.None
	case !m.verifier.AddressedTo(token):
		return kind.Kin
	}
	return kind.Own
}
