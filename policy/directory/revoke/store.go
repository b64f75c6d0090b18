package revoke

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync/atomic"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax"
)

// Folder is where the documents are, below the policies.
const Folder = "revocations"

// MaxEntries is how many entries in force one document can have: what more than these are about has
// to be cut off by something that they have in common.
const MaxEntries = 10_000

// ErrFull is the error of a document that has MaxEntries.
var ErrFull = fmt.Errorf("the document has %d entries in force already: cut off what they have in common, or name another document", MaxEntries)

// patience is how long somebody else may have the lock.
const patience = 10 * time.Second

// A Store changes the Revocation documents below one directory of policies. It holds nothing open
// between two calls, and each call can be at work in several goroutines and processes at once.
type Store struct {
	dir  string
	last atomic.Pointer[known]

	patience time.Duration // with somebody else who has the lock
}

// A known file need not be read as YAML again, while it holds the same bytes.
type known struct {
	name    string
	content []byte
	text    *text
}

// NewStore returns the Store of a directory of policies.
func NewStore(dir string) *Store { return &Store{dir: dir, patience: patience} }

// A Written is what a change made of a document.
type Written struct {
	File    string                     // below the policies, with slashes
	Entries []identity.RevocationEntry // that were added, with their positions; or that were lifted
	Pruned  int                        // entries that had ended: a day ago, or where the room is needed
}

// Add puts entries at the end of the document name, which it makes if there is none. An older entry of
// the same one user or session goes when a new one covers it. All are on the disk when it returns, or
// none.
func (s *Store) Add(name string, entries []identity.RevocationEntry, now time.Time) (Written, error) {
	w := Written{File: FileOf(name)}
	err := s.locked(func(root *os.Root) error {
		return s.change(root, w.File, w.adding(name, entries, now), func(after *identity.Revocation) {
			w.Entries = after.Entries[len(after.Entries)-len(entries):]
		})
	})
	return w, err
}

// Preview returns the entry as Add would write it now, and the whole file, and writes nothing.
func (s *Store) Preview(name string, entry identity.RevocationEntry, now time.Time) (identity.RevocationEntry, []byte, error) {
	w := Written{File: FileOf(name)}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return entry, nil, fmt.Errorf("%s: %w", s.dir, cause(err))
	}
	defer root.Close()
	text, after, _, err := s.edited(root, w.File, w.adding(name, []identity.RevocationEntry{entry}, now))
	if err != nil {
		return entry, nil, err
	}
	return after.Entries[len(after.Entries)-1], text, nil
}

// adding returns what Add does to the text of the file, nil when there is none.
func (w *Written) adding(name string, entries []identity.RevocationEntry, now time.Time) func(*text) (*text, error) {
	return func(t *text) (*text, error) {
		if t == nil {
			t = blank(w.File, name)
		}
		if t.name != name {
			return nil, fmt.Errorf("%s is the Revocation %s: name that one, or another", w.File, t.name)
		}
		if t.own() {
			t.without(covered(entries))
			before := len(t.entries)
			t.without(longEnded(now))
			if !t.roomFor(len(entries)) {
				t.without(ended(now))
			}
			w.Pruned = before - len(t.entries)
		}
		if len(t.entries)+len(entries) > MaxEntries {
			return nil, fmt.Errorf("%s: %w", w.File, ErrFull)
		}
		return t, t.add(entries)
	}
}

// Lift takes an entry out of a file below the policies, with slashes, wherever in it the entry stands
// now, and as often as it does. It is an error if it is not there any more.
func (s *Store) Lift(file string, entry identity.RevocationEntry) (Written, error) {
	is := func(e *identity.RevocationEntry) bool { return same(*e, entry) }
	w := Written{File: file}
	err := s.locked(func(root *os.Root) error {
		return s.change(root, file, func(t *text) (*text, error) {
			if t == nil {
				return nil, fmt.Errorf("%s is not there", file)
			}
			for i := range t.entries {
				if is(&t.entries[i]) {
					w.Entries = append(w.Entries, t.entries[i])
				}
			}
			if len(w.Entries) == 0 {
				return nil, fmt.Errorf("%s has this entry no more: somebody lifted or changed it", file)
			}
			t.without(is)
			return t, nil
		}, func(*identity.Revocation) {})
	})
	return w, err
}

// locked runs f while no other Store changes anything below the directory.
func (s *Store) locked(f func(*os.Root) error) error {
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return fmt.Errorf("%s: %w", s.dir, cause(err))
	}
	defer root.Close()
	if err := makeFolder(root); err != nil {
		return fmt.Errorf("%s: %w", path.Join(s.dir, Folder), cause(err))
	}
	l, err := openLock(root)
	if err == nil {
		defer l.Close() // which unlocks
		err = lock(l, s.patience)
	}
	if err != nil {
		return fmt.Errorf("%s: cannot be locked: %w", path.Join(s.dir, Folder), cause(err))
	}
	return f(root)
}

// hold keeps every Store from changing anything until the end is called, where that can be had: else a
// directory in which documents are written all the time could not be read as it is at one moment.
func hold(dir string) (end func()) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return func() {}
	}
	defer root.Close()
	l, err := root.OpenFile(path.Join(Folder, ".lock"), os.O_RDWR, 0)
	if err != nil {
		return func() {}
	}
	_ = lock(l, patience) // reading works without, most of the time
	return func() { _ = l.Close() }
}

// change reads a file, nil when it is not there, has it changed, and writes it.
func (s *Store) change(root *os.Root, name string, edit func(*text) (*text, error), done func(*identity.Revocation)) error {
	after, revocation, like, err := s.edited(root, name, edit)
	if err != nil {
		return err
	}
	if err := replace(root, name, after, like); err != nil {
		return fmt.Errorf("%s: %w", name, cause(err))
	}
	written, _, err := content(root, name)
	if err != nil || !bytes.Equal(written, after) {
		return errors.Join(fmt.Errorf("%s: what was written there reads differently: who else writes it?", name), err)
	}
	s.keep(name, after, revocation)
	done(revocation)
	return nil
}

// read reads a file, unless it is the one that was written last.
func (s *Store) read(name string, content []byte) (*text, error) {
	if last := s.last.Load(); last != nil && last.name == name && bytes.Equal(last.content, content) {
		return last.text.clone(), nil
	}
	return read(name, content)
}

// keep notes what was written, and read again, for the next change.
func (s *Store) keep(name string, content []byte, revocation *identity.Revocation) {
	s.last.Store(nil)
	if t, err := fresh(name, content, revocation.Name, revocation.Entries); err == nil {
		s.last.Store(&known{name, content, t})
	}
}

// edited returns a file as it is to be, and what it was before, nil when it is not there.
func (s *Store) edited(root *os.Root, name string, edit func(*text) (*text, error)) ([]byte, *identity.Revocation, fs.FileInfo, error) {
	before, like, err := content(root, name)
	var t *text
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, nil, nil, fmt.Errorf("%s: %w", name, cause(err))
	default:
		if t, err = s.read(name, before); err != nil {
			return nil, nil, nil, err
		}
	}
	if t, err = edit(t); err != nil {
		return nil, nil, nil, err
	}
	after, revocation, err := t.bytes()
	return after, revocation, like, err
}

// content returns what a file holds.
func content(root *os.Root, name string) ([]byte, fs.FileInfo, error) {
	info, err := root.Lstat(name)
	switch {
	case err != nil:
		return nil, nil, err
	case !info.Mode().IsRegular():
		return nil, nil, errors.New("it is no regular file")
	case info.Size() > syntax.MaxFile:
		return nil, nil, fmt.Errorf("it has %d bytes, and at most %d are read", info.Size(), syntax.MaxFile)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, syntax.MaxFile+1))
	return text, info, err
}

// cause returns what is wrong without the operation and the name, which the error is said of.
func cause(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}
