package record

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy"
)

// A Record is what is kept of one decision. Making one formats nothing: that waits until it
// is written. RequestID, Method, Host and Decision.Rules are copied when it is taken in; what it refers to
// otherwise must not be modified afterwards.
type Record struct {
	Time         time.Time // when the check began; now when zero
	RequestID    string    // at most 128 bytes are kept
	Decision     policy.Decision
	PolicyDigest string // at most 128 bytes are kept
	Caller       identity.Caller
	User         *identity.User // only Provider, Subject, Client, Bound and the subjects of 4 Actors are kept; 255 bytes of each
	Method       string         // at most 32 bytes are kept
	Host         string         // at most 253 bytes are kept
	Latency      time.Duration
	Detail       string // what was wrong, for the operator; never a secret; 1024 bytes are kept

	RevocationDigest string // of what was cut off then, "" for nothing; at most 128 bytes are kept
}

// What is kept of what clients choose, in bytes.
const (
	maxID     = 128
	maxCaller = 2048 // SPIFFE-ID section 2.3
	maxUser   = 255  // OpenID Connect Core section 2: sub
	maxMethod = 32
	maxHost   = 253 // RFC 1035 section 2.3.4, as text
	maxDetail = 1024
)

// An entry is a record in the queue: bounded, so that the queue is, and without the claims.
type entry struct {
	Record
	provider, subject, client string
	actors                    actors
	bound                     identity.Binding
	receipt                   *receipt // nil when nobody waits
}

func newEntry(r Record, waiting *receipt) entry {
	e := entry{Record: r, receipt: waiting}
	if !r.User.IsZero() {
		e.provider, e.subject, e.client = clip(r.User.Provider, maxUser), clip(r.User.Subject, maxUser), clip(r.User.Client, maxUser)
		e.actors, e.bound = actorsOf(r.User), r.User.Bound
	}
	e.User = nil
	e.PolicyDigest, e.RevocationDigest = clip(r.PolicyDigest, maxID), clip(r.RevocationDigest, maxID)
	e.Detail = clip(r.Detail, maxDetail)
	e.Decision.Rules = slices.Clone(r.Decision.Rules)
	e.copyTexts(clip(r.RequestID, maxID), clip(r.Method, maxMethod), clip(r.Host, maxHost))
	if r.Time.IsZero() {
		e.Time = time.Now()
	}
	return e
}

// copyTexts copies what lies in the memory of the request, which another request overwrites.
func (e *entry) copyTexts(id, method, host string) {
	all := strings.Join([]string{id, method, host}, "")
	e.RequestID, all = all[:len(id)], all[len(id):]
	e.Method, e.Host = all[:len(method)], all[len(method):]
}

// actors are the subjects of those who act for a user, the current one first.
type actors []string

func actorsOf(u *identity.User) actors {
	if len(u.Actors) == 0 {
		return nil
	}
	kept := make(actors, min(len(u.Actors), identity.MaxActors))
	for i := range kept {
		kept[i] = clip(u.Actors[i].Subject, maxUser)
	}
	return kept
}

const ellipsis = "…"

// clip returns s, or when it is longer than limit bytes its beginning and an ellipsis, which
// together are not. The copy lets go of the rest.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := limit - len(ellipsis)
	for back := 0; back < utf8.UTFMax-1 && !utf8.RuneStart(s[end]); back++ {
		end--
	}
	return s[:end] + ellipsis
}
