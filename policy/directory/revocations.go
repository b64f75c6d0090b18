package directory

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/postern/postern/identity"
)

// Revocations is what the Revocation documents of a directory say at one moment.
type Revocations struct {
	Documents []*identity.Revocation // by file, in the order of their names, then by position
	Digest    string                 // hexadecimal SHA-256 of the documents, wherever they stand; "" without any
	Files     []string               // the names of the files that they are in, below the directory, sorted
	// Err says why there may be others, as *syntax.Errors or of the directory itself; nil when there
	// are none. Documents are then the newest that are sound, and the last good ones of what is not.
	Err error

	state [sha256.Size]byte // of the documents and their places
}

// How long a directory that never rests is waited for, as a multiple of the quiet time: not for as
// long as with policies, since what is read in between is safe.
const maxNoiseRevocations = 3

// WatchRevocations reads the Revocation documents of the directory, and again whenever it has changed
// and been quiet, until ctx is done; then it returns nil. It calls apply with the first result and
// then whenever the result is another. apply is called by one goroutine.
//
// It is independent of Watch, and of everything that can go wrong elsewhere: each file, and each
// document in it, counts by itself.
//
//   - A document that is sound is taken, whatever is wrong with others of its file, with other files,
//     or with what they name.
//   - What is taken back counts only where it is certain: a document that is gone from a file of
//     which every other is sound, or known to be none; a file that is gone from a directory that
//     could be read and is not empty. Until then the last good ones stay, and Err says why.
//   - A file that is not whole, because somebody is writing it, stays what it was.
//   - Nor is one delayed by what others wrote: files that had one and small ones are read first, and
//     what is sound in them is applied before the others are read, with the last Err; nothing is taken
//     back then. A file that stays the same is not read again, where the system tells (see memory).
func (w *Watcher) WatchRevocations(ctx context.Context, apply func(*Revocations)) error {
	k := newKeeper(w.dir)
	var last *Revocations
	k.early = func(now *Revocations) {
		if last == nil || now.state == last.state {
			return // the first result is a whole one
		}
		now.Err = last.Err
		apply(now)
		last = now
	}
	for {
		changes := w.notifier.changes()
		done := w.working()
		now, found, rests := k.read()
		if last == nil || now.state != last.state || message(now.Err) != message(last.Err) {
			apply(now)
		}
		done()
		last = now
		how := wait{noise: maxNoiseRevocations * w.quiet}
		switch {
		case !rests:
			how.again = w.quiet
		case now.Err != nil:
			how.again = retry
		}
		changed := w.wait(ctx, changes, found, how)
		changes.close()
		if !changed {
			return nil
		}
	}
}

// A keeper knows the last good Revocations of each file.
type keeper struct {
	dir   string
	files map[string][]*identity.Revocation // by name, of those that have any
	known *memory
	early func(*Revocations) // is told what is sound while a pass goes on

	// These are the same but in tests.
	open func(root *os.Root, name string) ([]byte, fs.FileInfo, error)
	now  func() time.Time
}

func newKeeper(dir string) *keeper {
	return &keeper{dir: dir, known: newMemory(), early: func(*Revocations) {}, open: readInfo, now: time.Now}
}

// attemptsRevocations is fewer than attempts: a directory that changes while it is read can be taken
// as it is found, since nothing is taken back then.
const attemptsRevocations = 3

// read returns what is known now, what was listed, and whether the directory was at rest.
func (k *keeper) read() (*Revocations, *listing, bool) {
	for i := 1; ; i++ {
		root, err := os.OpenRoot(k.dir)
		if err != nil {
			return k.result(fmt.Errorf("%s: %w", k.dir, cause(err))), nil, true
		}
		p := &pass{keeper: k, root: root, found: list(root), next: map[string][]*identity.Revocation{}, learnt: newMemory()}
		p.read()
		k.known = p.learnt
		steady := p.found.same(list(root)) && isStill(k.dir, root)
		_ = root.Close() // which was only read from
		if !steady && i < attemptsRevocations {
			time.Sleep(pause)
			continue
		}
		if !steady {
			p.keepAll()
		}
		k.files = p.next
		return k.result(p.faults.Err()), p.found, steady && !p.busy
	}
}

// result is what the keeper knows.
func (k *keeper) result(err error) *Revocations {
	r := &Revocations{Err: err}
	var digests [][sha256.Size]byte
	state := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(k.files)) {
		r.Files = append(r.Files, name)
		for _, d := range k.files[name] {
			r.Documents = append(r.Documents, d)
			digests = append(digests, d.Digest)
			fmt.Fprintf(state, "%q %x", name, d.Digest)
			for i := range d.Entries {
				fmt.Fprintf(state, " %q", d.Entries[i].At)
			}
		}
	}
	if len(digests) > 0 {
		r.Digest = digestOf(digests)
	}
	state.Sum(r.state[:0])
	return r
}
