package trust

import (
	"context"
	"slices"

	"github.com/postern/postern/identity/jwtsvid"
)

// A JWTSource is where the JWT bundles of trust domains come from. Nothing of it disturbs a Source
// that is the same value. That Source may have to run, too: that of Files looks for both.
type JWTSource interface {
	// RunJWT pushes the present JWTState at once and another one after each change, until ctx ends,
	// and then returns nil. It calls push from its own goroutine, one call at a time.
	RunJWT(ctx context.Context, push func(JWTState)) error
}

// A JWTState is all that a source knows of JWT authorities at one moment. It is never modified. With
// the zero JWTState no JWT-SVID can be verified.
type JWTState struct {
	// Bundles is what JWT-SVIDs are verified against. It is the same pointer as in the JWTState
	// before while nothing in it changed.
	Bundles *jwtsvid.Bundles
	// Problems says what is wrong while the last good, or nothing, serves.
	Problems []string
}

// Equal says that nothing changed.
func (s JWTState) Equal(other JWTState) bool {
	return slices.Equal(s.Problems, other.Problems) && sameJWTBundles(s.Bundles, other.Bundles)
}

// sameJWTBundles says that two sets have the same keys and go stale at the same times.
func sameJWTBundles(a, b *jwtsvid.Bundles) bool {
	return a == b || a != nil && b != nil && slices.Equal(a.Domains(), b.Domains())
}
