package main

import "time"

// Long work rests now and then: the checks beside it wait for no more than a stretch.
const (
	stretch = 300 * time.Microsecond
	respite = 300 * time.Microsecond
)

// newPace returns what long work calls all the time, and which makes it rest.
func newPace() (pause func()) {
	begun := time.Now()
	return func() {
		if time.Since(begun) < stretch {
			return
		}
		time.Sleep(respite)
		begun = time.Now()
	}
}

// pace is newPace, but while no policy is in force nobody waits for an answer.
func (s *sidecar) pace() (pause func()) {
	if s.policy.known.Load().digest == "" {
		return func() {}
	}
	return newPace()
}

// work gives long work all processors, and says how it lets others have them, until it is done.
func (s *sidecar) work() (pause, done func()) { return s.pace(), s.threads.hold() }
