package svid

import (
	"crypto/x509"
	"strings"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
)

// maxKept bounds how many verified certificates are kept; one is about 2 KiB with what Envoy says
// of it. maxKeptSize bounds both texts together in bytes: with intermediates, about 1 KiB each.
const (
	maxKept     = 1024
	maxKeptSize = 8 << 10
)

// A proven is what was proven of one certificate: all but that it is valid now, and that its bundle
// is not stale.
type proven struct {
	caller    identity.Caller
	domain    spiffeid.TrustDomain
	valid     window
	forwarded string // what was beside it
}

// A window is a time in which certificates are valid, its ends included. The zero window is none.
type window struct{ from, to time.Time }

func (w window) has(at time.Time) bool {
	return !at.Before(w.from) && !at.After(w.to) && !w.to.IsZero()
}

// widest returns when all certificates of one of the paths are valid: the one that is longest.
func widest(paths [][]*x509.Certificate) window {
	var best window
	for _, path := range paths {
		var w window
		for i, cert := range path {
			if i == 0 || cert.NotBefore.After(w.from) {
				w.from = cert.NotBefore
			}
			if i == 0 || cert.NotAfter.Before(w.to) {
				w.to = cert.NotAfter
			}
		}
		if w.to.After(best.to) {
			best = w
		}
	}
	return best
}

// recall returns what was proven of exactly this, if it still counts at the time. The bundles are
// those that proved it: with others, nothing is known.
func (b *Bundles) recall(p Presented, at time.Time) (proven, bool) {
	if b == nil {
		return proven{}, false
	}
	known, ok := b.kept.Get(p.Certificate)
	if !ok || known.forwarded != p.Forwarded || !known.valid.has(at) {
		return proven{}, false
	}
	bundle, ok := b.of(known.domain)
	return known, ok && !bundle.staleAt(at)
}

// keep remembers what was proven.
func (b *Bundles) keep(p Presented, what proven) {
	if len(p.Certificate)+len(p.Forwarded) > maxKeptSize {
		return
	}
	what.forwarded = strings.Clone(p.Forwarded)
	b.kept.Put(strings.Clone(p.Certificate), what)
}
