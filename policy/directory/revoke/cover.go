package revoke

import (
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/identity"
)

// A topic is the one user or session that an entry is about.
type topic struct{ providers, kind, value string }

// topicOf returns the topic of an entry, unless it is about several things, or another kind of them.
func topicOf(e *identity.RevocationEntry) (topic, bool) {
	if len(e.TokenIDs)+len(e.KeyIDs)+len(e.Callers)+len(e.Serials) > 0 || len(e.Subjects)+len(e.SessionIDs) != 1 {
		return topic{}, false
	}
	t := topic{providers: strings.Join(slices.Sorted(slices.Values(e.Providers)), "\n")}
	if len(e.Subjects) == 1 {
		t.kind, t.value = "subject", e.Subjects[0]
	} else {
		t.kind, t.value = "session", e.SessionIDs[0]
	}
	return t, true
}

// covers says that a newer entry of the same topic cuts off all that an older one does, for as long.
func covers(e, older *identity.RevocationEntry) bool {
	before := whole(e.IssuedBefore)
	return !whole(e.Until).Before(older.Until) && (before.IsZero() || !older.IssuedBefore.IsZero() && !before.Before(older.IssuedBefore))
}

// covered says that one of the new entries makes an older one needless: one account that logs in and
// out all day has room for one entry.
func covered(by []identity.RevocationEntry) func(*identity.RevocationEntry) bool {
	newer := map[topic][]*identity.RevocationEntry{}
	for i := range by {
		if t, ok := topicOf(&by[i]); ok {
			newer[t] = append(newer[t], &by[i])
		}
	}
	return func(older *identity.RevocationEntry) bool {
		t, ok := topicOf(older)
		return ok && slices.ContainsFunc(newer[t], func(e *identity.RevocationEntry) bool { return covers(e, older) })
	}
}

// grace is how long an entry stays that has ended: a clock that is ahead for a while must not let in
// for good.
const grace = 24 * time.Hour

// longEnded says that an entry does nothing any more, and did not a grace ago.
func longEnded(now time.Time) func(*identity.RevocationEntry) bool {
	return func(e *identity.RevocationEntry) bool { return e.Until.Add(grace).Before(now) }
}
