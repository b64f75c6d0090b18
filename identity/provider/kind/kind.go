// Package kind is the contract between the provider package and each kind of credential.
//
// It is a package of its own so that a kind needs one folder, which imports this one, and one
// line in provider.Kinds, which imports the folder.
//
// # Waiting
//
// Nearly every kind proves credentials by what it has: keys that a Source fetched in the background.
// Such a kind never waits and does not look at the context. Only a kind whose credentials mean nothing
// but to their issuer (RFC 7662) may wait while it proves one. It then sets a deadline of its own below
// the context's, bounds how many wait at once, remembers what it was told (Kept), and refuses with a
// reason that is Unavailable when the time is over or the issuer cannot be asked: that is a 503 for its
// own credentials, and nothing to those of another.
package kind

import (
	"context"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jwtsvid"
	"github.com/postern/postern/identity/keys"
)

// A Kind is one kind of credential.
type Kind struct {
	// Name is what status pages and errors call it.
	Name string
	// Is says whether a provider is of this kind.
	Is func(identity.Provider) bool
	// New checks a provider of this kind and returns its source, not started. It does no I/O.
	New func(identity.Provider, Env) (Source, error)
	// Inspect returns what inspects credentials for tools that explain decisions, without keys and
	// without I/O. Nil when credentials of this kind tell nothing by themselves.
	Inspect func(identity.Provider) (Inspector, error)
}

// An Env is what kinds share.
type Env struct {
	Keys *keys.Pool
	// Bundles returns the JWT authorities of now. A source is asked for a Prover anew when they
	// change. Nil: there are none.
	Bundles func() *jwtsvid.Bundles
	// Memory is where what was proven is kept. Nil: nothing is.
	Memory *Memory
}

// A Source is one configured provider at work.
type Source interface {
	// Start begins what has to happen in the background. It does not wait for any of it.
	Start() error
	// Stop ends that, without waiting for the end. It is called after Start, and once.
	Stop()
	// Prover returns what proves credentials from now on, until something changes. It is
	// called from several goroutines at once.
	Prover() Prover
	// Health returns how it is now. It does not wait.
	Health() Health
}

// A Health says how a source is, for whoever operates Postern. It holds no secret. Nothing is wrong
// with the zero Health.
type Health struct {
	Error string       // what is wrong now, beside what is wrong with its keys; "" for nothing
	Keys  *keys.Status // how its keys are; nil when it has none, or was not started
}

// A Matcher says which credentials could be one provider's.
type Matcher interface {
	// MaxSize is how many bytes a credential may have.
	MaxSize() int
	// Match says how far a credential claims to be this provider's. It proves nothing, and
	// serves to choose one provider where several find their credential in one place. It goes by
	// nothing but the credential's text: of one that was proven, the choice is remembered.
	Match(*Presented) Match
}

// An Inspector says what would come of a credential if it were proven. It knows no key and proves
// nothing: nothing that decides may ask it.
type Inspector interface {
	Matcher
	// InspectUnverified says for what Prove would refuse a credential at a time, if its signature
	// were good; nil when for nothing.
	InspectUnverified(c *Presented, at time.Time) error
}

// A Prover proves the credentials of one provider. It is immutable and safe for concurrent use.
type Prover interface {
	Matcher
	// Prove returns the user for whom a credential speaks at a time. The error is a
	// *reason.Error and holds no part of the credential. With it, wait is how many seconds a
	// client does well to wait before it tries again; 0 when trying again would not help.
	//
	// The context is that of the check, and only a kind that has to wait looks at it: see the
	// package comment. Nothing may hold c, or a text of it, when Prove has returned.
	Prove(ctx context.Context, c *Presented, at time.Time, caller identity.Caller) (user *identity.User, wait int, err error)
}

// A Match says how far a credential claims to be a provider's.
type Match uint8

// The matches, each stronger than the one before. The zero Match is none.
const (
	None Match = iota // from elsewhere, or unreadable
	Kin               // from the same issuer, but not made for this provider
	Own               // made for this provider
)
