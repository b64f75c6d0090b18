package logout

import (
	"strconv"
	"time"
)

// Fill lets the memory of a Receiver take in tokens until it refuses, and returns for what.
func Fill(r *Receiver, issuer string, until, now time.Time) error {
	for i := range 2 * maxSeen {
		if err := r.seen.add(issuer, strconv.Itoa(i), until, now); err != nil {
			return err
		}
	}
	return nil
}

// Waiting returns how many logouts are tried again.
func (r *Receiver) Waiting() int { return len(r.late.all()) }

// Await makes a token one that is tried again.
func (r *Receiver) Await(raw string) { r.late.add(raw) }

// Hurry lets a POST wait for keys that do not come for no longer than d.
func Hurry(r *Receiver, d time.Duration) { r.patience = d }
