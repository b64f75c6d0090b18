package revocation_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/revocation"
	"github.com/postern/postern/policy/pattern"
)

// pick returns one of several.
func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// words returns some of few values, so that entries and requests meet.
func words(r *rand.Rand, prefix string) []string {
	var all []string
	for i := range 1 + r.IntN(2) {
		all = append(all, fmt.Sprintf("%s%d", prefix, 2*i+r.IntN(2)))
	}
	return all
}

func moment(r *rand.Rand) time.Time {
	return noon.Add(time.Duration(r.IntN(7)-3) * time.Minute)
}

func randomPattern(r *rand.Rand) string {
	p := "spiffe://" + pick(r, "a.test", "b.test")
	for range 1 + r.IntN(3) {
		p += "/" + pick(r, "x", "y", "*")
	}
	return p + pick(r, "", "", "/**")
}

func randomID(r *rand.Rand) string {
	id := "spiffe://" + pick(r, "a.test", "b.test")
	for range 1 + r.IntN(4) {
		id += "/" + pick(r, "x", "y", "z")
	}
	return id
}

func randomEntry(r *rand.Rand) identity.RevocationEntry {
	e := identity.RevocationEntry{At: "r.yaml", Until: moment(r)}
	switch kind := r.IntN(7); kind {
	case 0:
		e.Callers = []string{randomPattern(r), randomPattern(r)}
	case 1:
		e.TrustDomain, e.Serials = pick(r, "a.test", "b.test"), []string{pick(r, "01", "02")}
	default:
		e.Providers = words(r, "p")
		switch kind {
		case 2, 3:
			e.Subjects = words(r, "s")
		case 4:
			e.TokenIDs = words(r, "t")
		case 5:
			*pick(r, &e.SessionIDs, &e.KeyIDs) = words(r, "i")
		}
		if kind == 6 || kind == 3 {
			e.IssuedBefore = moment(r)
		}
	}
	return e
}

// naive goes through all entries, and through all that each says.
func naive(entries []identity.RevocationEntry, c identity.Caller, u *identity.User, now time.Time) (caller, user bool) {
	for _, e := range entries {
		if !e.Until.After(now) {
			continue
		}
		for _, text := range e.Callers {
			p, err := pattern.Parse(text)
			caller = caller || err == nil && p.Match(c.String())
		}
		serial, _ := c.Serial()
		caller = caller || e.TrustDomain == c.TrustDomain() && slices.Contains(e.Serials, fmt.Sprintf("%02x", serial[len(serial)-1]))
		if !slices.Contains(e.Providers, u.Provider) || !e.IssuedBefore.IsZero() && !u.IssuedAt.Before(e.IssuedBefore) {
			continue
		}
		for _, a := range u.Actors {
			user = user || slices.Contains(e.Subjects, a.Subject)
		}
		all := len(e.Subjects)+len(e.TokenIDs)+len(e.SessionIDs)+len(e.KeyIDs) == 0
		user = user || all || slices.Contains(e.Subjects, u.Subject) || slices.Contains(e.TokenIDs, u.TokenID) ||
			slices.Contains(e.SessionIDs, u.Session) || slices.Contains(e.KeyIDs, u.KeyID)
	}
	return caller, user
}

// TestNaive compares the list with going through all entries, and holds that the entry named is one
// that has not ended, and that no order of entries changes a verdict.
func TestNaive(t *testing.T) {
	r := rand.New(rand.NewPCG(42, 1))
	hits := 0
	for round := range 4000 {
		entries := make([]identity.RevocationEntry, r.IntN(12))
		for i := range entries {
			entries[i] = randomEntry(r)
		}
		list := compile(t, entries...)
		r.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		shuffled := compile(t, entries...)
		for range 20 {
			c := proven(randomID(r), int64(1+r.IntN(3)))
			u := &identity.User{
				Provider: pick(r, "p0", "p1", "p9"), Subject: pick(r, "s0", "s1", "s9"), TokenID: pick(r, "", "t0", "t1"),
				Actors:  pick(r, nil, []identity.Actor{{Subject: pick(r, "s0", "s9")}, {Subject: pick(r, "s1", "s8")}}),
				Session: pick(r, "", "i0"), KeyID: pick(r, "", "i1"), IssuedAt: moment(r),
			}
			now := moment(r)
			wantCaller, wantUser := naive(entries, c, u, now)
			for _, l := range []*revocation.List{list, shuffled} {
				caller, user := l.Caller(c, now), l.User(u, now)
				if (caller != nil) != wantCaller || (user != nil) != wantUser {
					t.Fatalf("round %d: %+v\ncaller %v, user %+v at %v: got %v and %v, want %v and %v", round, entries, c, u, now, caller, user, wantCaller, wantUser)
				}
				for _, e := range []*revocation.Entry{caller, user} {
					if e == nil {
						continue
					}
					if hits++; !e.Until().After(now) {
						t.Fatalf("round %d: %v has ended", round, e)
					}
				}
			}
		}
	}
	if hits < 10_000 {
		t.Errorf("only %d were cut off", hits)
	}
}
