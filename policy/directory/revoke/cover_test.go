package revoke_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/directory/revoke"
)

// logout is an entry of a subject at so many seconds after noon.
func logout(n int, subject string, seconds int) identity.RevocationEntry {
	at := noon.Add(time.Duration(seconds) * time.Second)
	return identity.RevocationEntry{
		Name: fmt.Sprintf("logout-%06d", n), Providers: []string{"shop-idp"}, Subjects: []string{subject},
		IssuedBefore: at, Until: at.Add(24 * time.Hour),
	}
}

// TestOneAccountTakesTheRoomOfOne: more logouts of one user than a document has entries leave room for
// those of all others, and cut off the same.
func TestOneAccountTakesTheRoomOfOne(t *testing.T) {
	dir := directory(t, nil)
	w := writer(t, dir)
	var all sync.WaitGroup
	places := make(chan struct{}, 600)
	for i := range revoke.MaxEntries {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			if _, err := w.Add(t.Context(), logout(i, "mallory", i/100)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if _, err := w.Add(t.Context(), logout(1, "alice", 0)); err != nil {
		t.Errorf("another's logout: %v", err)
	}
	last := logout(2, "mallory", 200)
	if _, err := w.Add(t.Context(), last); err != nil {
		t.Error(err)
	}
	got := revoked(t, dir)
	if n := strings.Count(got, "mallory"); n != 1 || !strings.Contains(got, "subjects: [alice]") || !strings.Contains(got, "issuedBefore: 2026-11-22T12:03:20Z") {
		t.Errorf("%d entries of one account:\n%.2000s", n, got)
	}
}

// TestCovered is what a new entry makes needless, and nothing else.
func TestCovered(t *testing.T) {
	old := logout(1, "alice", 10)
	session := identity.RevocationEntry{Name: "s", Providers: []string{"a", "b"}, SessionIDs: []string{"s-1"}, Until: noon.Add(time.Hour)}
	edit := func(e identity.RevocationEntry, f func(*identity.RevocationEntry)) identity.RevocationEntry {
		e.Name = "newer"
		f(&e)
		return e
	}
	for name, tc := range map[string]struct {
		old, newer identity.RevocationEntry
		gone       bool
	}{
		"later":              {old, logout(2, "alice", 20), true},
		"the same":           {old, logout(2, "alice", 10), true},
		"a part of a second": {old, edit(old, func(e *identity.RevocationEntry) { e.Until = e.Until.Add(-time.Millisecond) }), true},
		"of any issue":       {old, edit(old, func(e *identity.RevocationEntry) { e.IssuedBefore = time.Time{} }), true},
		"earlier":            {old, logout(2, "alice", 9), false},
		"ends sooner":        {old, edit(old, func(e *identity.RevocationEntry) { e.Until = e.Until.Add(-time.Second) }), false},
		"another user":       {old, logout(2, "bob", 20), false},
		"another provider":   {old, edit(old, func(e *identity.RevocationEntry) { e.Providers = []string{"other"} }), false},
		"more providers":     {old, edit(old, func(e *identity.RevocationEntry) { e.Providers = []string{"shop-idp", "other"} }), false},
		"two users":          {old, edit(old, func(e *identity.RevocationEntry) { e.Subjects = []string{"alice", "bob"} }), false},
		"narrower":           {edit(old, func(e *identity.RevocationEntry) { e.IssuedBefore, e.Name = time.Time{}, "old" }), logout(2, "alice", 20), false},
		"all of the provider": {old, edit(old, func(e *identity.RevocationEntry) {
			e.Subjects = nil
		}), false},
		"a session":                 {session, edit(session, func(e *identity.RevocationEntry) { e.Until = e.Until.Add(1) }), true},
		"in another order":          {session, edit(session, func(e *identity.RevocationEntry) { e.Providers = []string{"b", "a"} }), true},
		"another session":           {session, edit(session, func(e *identity.RevocationEntry) { e.SessionIDs = []string{"s-2"} }), false},
		"a user called as it is":    {session, edit(session, func(e *identity.RevocationEntry) { e.Subjects, e.SessionIDs = e.SessionIDs, nil }), false},
		"a token called as it is":   {session, edit(session, func(e *identity.RevocationEntry) { e.TokenIDs, e.SessionIDs = e.SessionIDs, nil }), false},
		"a token called as another": {edit(session, func(e *identity.RevocationEntry) { e.Name, e.TokenIDs, e.SessionIDs = "t", e.SessionIDs, nil }), session, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := directory(t, nil)
			add(t, dir, noon, tc.old, subject("between"))
			w := add(t, dir, noon, tc.newer)
			want := 3
			if tc.gone {
				want = 2
			}
			if got := revoked(t, dir); strings.Count(got, "\n  - ") != want || !strings.Contains(got, "of-between") || w.Pruned != 0 {
				t.Errorf("%+v\n%s", w, got)
			}
		})
	}
	// What somebody wrote by hand stays.
	dir := directory(t, map[string]string{"revocations/revoked.yaml": head + "  entries:\n  - {provider: shop-idp, subjects: [alice], until: 2026-11-22T13:00:00Z}\n"})
	if add(t, dir, noon, subjectEntry("alice")); strings.Count(revoked(t, dir), "alice") != 2 {
		t.Errorf("got\n%s", revoked(t, dir))
	}
}

// TestAClockThatIsAhead for one write takes nothing out that still has to count.
func TestAClockThatIsAhead(t *testing.T) {
	dir := directory(t, nil)
	add(t, dir, noon, subject("stolen", noon.Add(24*time.Hour)))
	ahead := noon.Add(47 * time.Hour)
	if w := add(t, dir, ahead, subject("other", ahead.Add(time.Hour))); w.Pruned != 0 || !strings.Contains(revoked(t, dir), "of-stolen") {
		t.Errorf("%+v\n%s", w, revoked(t, dir))
	}
}
