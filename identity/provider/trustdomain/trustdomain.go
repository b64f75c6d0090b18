// Package trustdomain is the kind of credential that is a JWT-SVID of one trust domain:
// identity/jwtsvid's verifier, fed with the JWT bundles that identity/trust keeps current.
package trustdomain

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jwt"
	"github.com/postern/postern/identity/jwtsvid"
	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
)

// retryAfter is how many seconds a client does well to wait for a bundle: an agent that is gone is
// looked for that often.
const retryAfter = 5

// KindName is what the kind is called.
const KindName = "jwt-svid"

// Kind returns the kind.
func Kind() kind.Kind {
	return kind.Kind{
		Name:    KindName,
		Is:      func(p identity.Provider) bool { return p.JWTSVID != nil },
		New:     newSource,
		Inspect: newInspector,
	}
}

// A source is one trust domain's JWT-SVIDs at work. Its bundles are kept current by another.
type source struct {
	verifier *jwtsvid.Verifier // has no bundle
	bundles  func() *jwtsvid.Bundles
	kept     *kind.Keeper[[32]byte, jwt.Verified] // by the digest of the keys
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
	return &source{verifier, bundles, kind.NewKeeper[[32]byte, jwt.Verified](env.Memory)}, nil
}

func (s *source) Start() error { return nil }

func (s *source) Stop() {}

// Health returns how the bundle of the trust domain is.
func (s *source) Health() kind.Health { return kind.Health{Keys: s.status()} }

func (s *source) status() *keys.Status {
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
	return prover{matcher{s.verifier.With(bundles)}, s.kept.Of(bundle.Keys().Digest())}
}

// A prover holds the bundle of one time, and the tokens that its keys verified.
type prover struct {
	matcher
	kept kind.Kept[jwt.Verified]
}

func (p prover) Prove(_ context.Context, c *kind.Presented, at time.Time, caller identity.Caller) (*identity.User, int, error) {
	user, err := p.prove(c, at, caller)
	if reason.Of(err).Unavailable() {
		return nil, retryAfter, err
	}
	return user, 0, err
}

func (p prover) prove(c *kind.Presented, at time.Time, caller identity.Caller) (*identity.User, error) {
	if kept, ok := p.kept.Get(c); ok {
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
	p.kept.Put(c, verified, verified.Size())
	return verified.For(at, caller)
}

// A matcher says which tokens could be those of its trust domain.
type matcher struct{ verifier *jwtsvid.Verifier }

func (m matcher) MaxSize() int { return m.verifier.MaxSize() }

func (m matcher) Match(c *kind.Presented) kind.Match { return c.MatchToken(m.verifier) }
