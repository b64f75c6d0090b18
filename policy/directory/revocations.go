package directory

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax"
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
func (w *Watcher) WatchRevocations(ctx context.Context, apply func(*Revocations)) error {
	k := &keeper{dir: w.dir}
	var last *Revocations
	for {
		changes := w.notifier.changes()
		now, found, rests := k.read()
		if last == nil || now.state != last.state || message(now.Err) != message(last.Err) {
			apply(now)
		}
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
		p := &pass{keeper: k, root: root, found: list(root), next: map[string][]*identity.Revocation{}}
		p.read()
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

// A pass reads the directory once.
type pass struct {
	*keeper
	root   *os.Root
	found  *listing
	next   map[string][]*identity.Revocation
	bytes  int
	busy   bool // somebody is writing
	faults syntax.Errors
}

func (p *pass) read() {
	for _, f := range p.found.files {
		documents, err := p.file(f.name)
		if err != nil {
			documents = merge(documents, p.files[f.name])
			p.faults.Add(err)
		}
		if len(documents) > 0 {
			p.next[f.name] = documents
		}
	}
	if len(p.found.missed) > 0 {
		p.faults.Add(p.found.faults.Err())
	}
	if len(p.found.files) == 0 {
		p.faults.Add(fmt.Errorf("%s: %w", p.dir, errEmpty))
		p.keepAll()
	}
	for name, documents := range p.files {
		if _, ok := p.next[name]; !ok && p.found.misses(name) {
			p.next[name] = documents
		}
	}
}

// file returns the sound Revocations of a file. With an error there may be others.
func (p *pass) file(name string) ([]*identity.Revocation, error) {
	text, err := read(p.root, name)
	switch {
	case errors.Is(err, errWriter):
		p.busy = true
		if len(p.files[name]) == 0 {
			return nil, nil // it is looked at again soon, and has nothing to lose
		}
		return nil, &syntax.Error{Position: syntax.Position{Source: name}, Message: err.Error()}
	case errors.Is(err, fs.ErrNotExist):
		return p.files[name], nil // gone since it was listed, which the next pass will see
	case err != nil:
		return nil, &syntax.Error{Position: syntax.Position{Source: name}, Message: fmt.Sprintf("cannot be read: %v", err)}
	}
	if p.bytes += len(text); p.bytes > maxBytes {
		return nil, &syntax.Error{Position: syntax.Position{Source: name}, Message: fmt.Sprintf("is beyond the %d bytes that are read of all files together", maxBytes)}
	}
	if err := ending(name, text); err != nil && (len(p.files[name]) > 0 || bytes.Contains(text, []byte("Revocation"))) {
		return nil, err
	}
	return syntax.Salvage(name, text)
}

// keepAll takes nothing back.
func (p *pass) keepAll() {
	for name, documents := range p.files {
		p.next[name] = merge(p.next[name], documents)
	}
}

// merge returns the newer documents, and those of the older ones whose names none of them has.
func merge(newer, older []*identity.Revocation) []*identity.Revocation {
	all := slices.Clone(newer)
	for _, d := range older {
		if !slices.ContainsFunc(newer, func(n *identity.Revocation) bool { return n.Name == d.Name }) {
			all = append(all, d)
		}
	}
	return all
}
