package revoke

import (
	"slices"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/pattern"
)

// Remaining returns the other entries in force that cut off some of what an entry does: lifting that one
// alone does not let it in again. What Store.Lift takes out with an entry, the same in the same file, is
// not among them.
func (s *Survey) Remaining(of Found, now time.Time) []Found {
	return slices.DeleteFunc(s.InForce(now), func(e Found) bool {
		return e.File == of.File && same(e.RevocationEntry, of.RevocationEntry) || !meets(&e.RevocationEntry, &of.RevocationEntry)
	})
}

// meets says that two entries are about something that they have in common.
func meets(a, b *identity.RevocationEntry) bool {
	switch {
	case len(b.Callers) > 0:
		return share(a.Callers, b.Callers) || slices.ContainsFunc(a.Callers, func(p string) bool { return matches(p, b.Callers) })
	case len(b.Serials) > 0:
		return a.TrustDomain == b.TrustDomain && share(a.Serials, b.Serials)
	case !share(a.Providers, b.Providers):
		return false
	}
	all := len(a.Subjects)+len(a.TokenIDs)+len(a.SessionIDs)+len(a.KeyIDs) == 0
	return all || share(a.Subjects, b.Subjects) || share(a.TokenIDs, b.TokenIDs) || share(a.SessionIDs, b.SessionIDs) || share(a.KeyIDs, b.KeyIDs)
}

func share(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// matches says that a pattern matches one of the callers that are named exactly.
func matches(text string, callers []string) bool {
	p, err := pattern.Parse(text)
	return err == nil && slices.ContainsFunc(callers, p.Match)
}
