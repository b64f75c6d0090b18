package revoke

import (
	"time"

	"github.com/postern/postern/identity"
)

// Edit does to the text of a file what Add and Lift do: it takes the first entry out, and puts one at
// the end.
func Edit(content []byte, e identity.RevocationEntry) ([]byte, error) {
	t, err := read("r.yaml", content)
	if err != nil {
		return nil, err
	}
	if len(t.entries) > 0 {
		first := t.entries[0]
		t.without(func(e *identity.RevocationEntry) bool { return e.At == first.At })
	}
	if err := t.add([]identity.RevocationEntry{e}); err != nil {
		return nil, err
	}
	after, _, err := t.bytes()
	return after, err
}

// Hurry lets a Store wait for a lock that somebody else has for no longer than d.
func Hurry(s *Store, d time.Duration) { s.patience = d }
