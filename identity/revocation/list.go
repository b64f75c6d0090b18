package revocation

import (
	"strings"
	"time"

	"github.com/postern/postern/identity"
)

// A List is what some Revocation documents cut off. It is immutable and safe for concurrent use;
// asking it neither waits nor allocates, and takes as long with many entries as with few. A nil
// List, and the zero List, cut nothing off.
type List struct {
	entries []*Entry
	callers map[string]*callers // by trust domain
	serials map[certificate]*Entry
	tokens  map[string]*tokens // by provider
}

// A certificate is how a certificate is named.
type certificate struct {
	domain string
	serial identity.Serial
}

// Caller returns the entry that cuts the caller off at a time, nil when none does. Nobody is never
// cut off.
func (l *List) Caller(c identity.Caller, now time.Time) *Entry {
	if l == nil || c.IsZero() {
		return nil
	}
	if e := l.callers[c.TrustDomain()].find(c.String(), now); e != nil {
		return e
	}
	if len(l.serials) == 0 {
		return nil
	}
	serial, ok := c.Serial()
	if !ok {
		return nil
	}
	if e := l.serials[certificate{c.TrustDomain(), serial}]; e.Holds(now) {
		return e
	}
	return nil
}

// User returns the entry that cuts off the credential that proved the user, at a time; nil when
// none does. Nobody is never cut off. A user who is a workload, by a JWT-SVID, is held to what is
// said of callers, too: a workload that is cut off must not come back with its other credential.
func (l *List) User(u *identity.User, now time.Time) *Entry {
	if l == nil || u.IsZero() {
		return nil
	}
	if e := l.tokens[u.Provider].find(u, now); e != nil {
		return e
	}
	return l.workload(u.Issuer, u.Subject, now)
}

// workload returns the entry of callers that cuts off a subject whose issuer is a trust domain's ID
// (SPIFFE-ID section 2), as it is of JWT-SVIDs and of no other credential.
func (l *List) workload(issuer, subject string, now time.Time) *Entry {
	domain, ok := strings.CutPrefix(issuer, scheme)
	if !ok {
		return nil
	}
	if path, ok := strings.CutPrefix(subject, issuer); !ok || !strings.HasPrefix(path, "/") {
		return nil
	}
	return l.callers[domain].find(subject, now)
}

// Entries returns every entry, ended ones included, in the order of the documents. It must not be
// modified.
func (l *List) Entries() []*Entry {
	if l == nil {
		return nil
	}
	return l.entries
}
