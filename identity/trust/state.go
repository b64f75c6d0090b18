package trust

import (
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity/age"
	"github.com/postern/postern/identity/svid"
)

// A Source is where bundles come from.
type Source interface {
	// Run pushes the present State at once and another one after each change, until ctx
	// ends, and then returns nil. It calls push from its own goroutine, one call at a time.
	Run(ctx context.Context, push func(State)) error
}

// A State is all that a source knows at one moment. It is never modified. The zero State
// trusts nobody and is not ready.
type State struct {
	// Bundles is what callers are verified against. It is the same pointer as in the State
	// before while nothing in it changed.
	Bundles *svid.Bundles
	// Self is the ID of our own SVID; zero while there is none, and always with files.
	Self spiffeid.ID
	// SelfExpires is when our own SVID expires.
	SelfExpires time.Time
	// SelfDigest is SHA-256 over the certificates of our own SVID: one that is renewed may expire
	// when the one before does.
	SelfDigest [sha256.Size]byte
	// Missing says what has to come before anybody can be served, each with what to do.
	Missing []string
	// Problems says what is wrong while the last good serves, each with what to do.
	Problems []string
}

// Lacks says what keeps the State from serving at a time, and nothing if it can serve: what is
// Missing, and bundles that all went stale meanwhile.
func (s State) Lacks(at time.Time) []string {
	lacks := slices.Clone(s.Missing)
	switch {
	case s.Bundles.Len() == 0 && len(lacks) == 0:
		return []string{"no trust bundle"}
	case s.Bundles.Len() == 0 || slices.ContainsFunc(s.Bundles.Domains(), func(d svid.Domain) bool { return live(d, at) }):
		return lacks
	}
	return append(lacks, "every trust bundle is stale")
}

func live(d svid.Domain, at time.Time) bool { return d.Until.IsZero() || !age.Reached(d.Until, at) }

// Equal says that nothing changed.
func (s State) Equal(other State) bool {
	return s.Self == other.Self && s.SelfDigest == other.SelfDigest && s.SelfExpires.Equal(other.SelfExpires) &&
		slices.Equal(s.Missing, other.Missing) && slices.Equal(s.Problems, other.Problems) &&
		sameBundles(s.Bundles, other.Bundles)
}

// sameBundles says that two sets have the same authorities and go stale at the same times.
func sameBundles(a, b *svid.Bundles) bool {
	return a == b || a != nil && b != nil && slices.Equal(a.Domains(), b.Domains())
}
