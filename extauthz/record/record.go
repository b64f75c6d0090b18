package record

import (
	"time"
	"unicode/utf8"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy"
)

// A Record is what is kept of one decision. It may lie in memory that is used again: nothing keeps any of it.
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

const ellipsis = "…"

// clip returns s, or when it is longer than limit bytes its beginning and an ellipsis, which
// together are not.
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
