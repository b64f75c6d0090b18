package directory

import (
	"context"
	"os"
	"time"
)

// How a change is noticed where notifications fail, and how long a directory that never rests is
// waited for, as a multiple of the quiet time.
const (
	poll     = time.Second
	retry    = 3 * time.Second // after an error: what it takes to mend it may come elsewhere, as a secret
	maxNoise = 5
)

// A Watcher watches one directory of policies. Each of its methods can be at work once.
type Watcher struct {
	dir, secrets string
	quiet        time.Duration
	notifier     *notifier
	working      func() (done func())
	asked        chan struct{} // has one when Watch is to apply again
}

// NewWatcher returns a Watcher of dir. secrets is another directory in which documents may name
// files, "" for none. What changes is looked at when nothing has for the time quiet. working, unless nil,
// is called before the directory is read, and done when what was read is applied: that may take long.
// Watch and WatchRevocations call it at the same time.
func NewWatcher(dir, secrets string, quiet time.Duration, working func() (done func())) *Watcher {
	if working == nil {
		working = func() func() { return func() {} }
	}
	return &Watcher{dir, secrets, quiet, newNotifier(dir, secrets), working, make(chan struct{}, 1)}
}

// Again makes Watch load the directory and apply what comes of it, whether it is another result or not. So
// there is one who loads, and what was applied last is what he knows. It does not wait.
func (w *Watcher) Again() {
	select {
	case w.asked <- struct{}{}:
	default: // it will
	}
}

// Watch loads the directory, and again whenever it has changed and been quiet, until ctx is
// done; then it returns nil. It calls apply with the first result and then only when the result
// is another: other content, or another error. After an error it looks again every few seconds.
// apply is called by one goroutine.
//
// What is replaced by renaming, a file, or a link as in a ConfigMap, is never seen half. What is
// written in place may be, if the writer rests for longer than quiet: then a file that does not end
// with a newline is an error, and so is, where the system tells, one that is still open for
// writing (see hasWriter). Otherwise half a file that is cut between two lines cannot be told from a
// whole one.
func (w *Watcher) Watch(ctx context.Context, apply func(*Content, error)) error {
	last := ""
	var state [32]byte
	known := &parsed{}
	for due := true; ; {
		// Notifications begin before the load, so that no change falls between the two.
		changes := w.notifier.changes()
		done := w.working()
		content, found, err := load(w.dir, w.secrets, false, known)
		var now [32]byte
		again := retry
		if err == nil {
			now, again = content.state, never
		}
		if due || now != state || message(err) != last {
			apply(content, err)
		}
		done()
		state, last, due = now, message(err), false
		changed := w.wait(ctx, changes, found, wait{again: again, noise: maxNoise * w.quiet, asked: w.asked, due: &due})
		changes.close()
		if !changed {
			return nil
		}
	}
}

// A wait says how to wait for changes.
type wait struct {
	again time.Duration // when to look again without a change; never for not
	noise time.Duration // how long a directory that has changed may take to come to rest

	asked <-chan struct{} // for whom no change is needed; nil for nobody
	due   *bool           // becomes true when it was asked
}

// never is no time to look again without a change.
const never time.Duration = 0

// wait returns true when the directory has changed since found and come to rest, or is to be
// looked at again without that, false when ctx is done.
func (w *Watcher) wait(ctx context.Context, changes *changes, found *listing, how wait) bool {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	var again <-chan time.Time
	if how.again != never {
		again = time.After(how.again)
	}
	for {
		select {
		case <-ctx.Done():
			return false
		case <-changes.seen:
			return w.rest(ctx, changes, how.noise)
		case <-again:
			return true
		case <-how.asked:
			*how.due = true
			return true
		case <-ticker.C:
			if w.differs(found) {
				return w.rest(ctx, changes, how.noise)
			}
		}
	}
}

// differs says whether the directory now is another than the one that was listed.
func (w *Watcher) differs(found *listing) bool {
	root, err := os.OpenRoot(w.dir)
	if err != nil {
		return found != nil
	}
	defer root.Close()
	return found == nil || !found.same(list(root))
}

// rest waits for quiet, but not for ever.
func (w *Watcher) rest(ctx context.Context, changes *changes, noise time.Duration) bool {
	enough := time.NewTimer(noise)
	defer enough.Stop()
	quiet := time.NewTimer(w.quiet)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-changes.seen:
			quiet.Reset(w.quiet)
		case <-quiet.C:
			return true
		case <-enough.C:
			return true
		}
	}
}
