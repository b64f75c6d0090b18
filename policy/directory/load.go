package directory

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/postern/postern/policy/syntax"
)

// maxBytes bounds all files together.
const maxBytes = 64 << 20

// A file that is replaced is soon done; a directory that is written to without a pause is not
// worth waiting for.
const (
	attempts = 10
	pause    = 20 * time.Millisecond
)

// These say that no moment could be caught, which may be otherwise in the next.
var (
	errChanging = errors.New("the directory is changing all the time: it could not be read as it was at one moment")
	errWriter   = errors.New("somebody has the file open for writing: it is read when it is closed; replace files by mv, so that nobody has to wait")
)

var errEmpty = errors.New("no policies: there is no file *.yaml")

// Load reads dir. secrets is another directory in which documents may name files, "" for none.
// All faults of files and documents are reported together as *syntax.Errors; with any there is
// no content. It is an error, too, if there are no policies, or the directory cannot be read.
func Load(dir, secrets string) (*Content, error) {
	content, _, err := load(dir, secrets, false, &parsed{})
	return content, err
}

// LoadOffline is Load for tools that decide and fetch nothing: a file that a document names and that
// is nowhere (a key set, the certificates of a server) is no fault, for it is where policies are
// served and not where they are written.
func LoadOffline(dir, secrets string) (*Content, error) {
	content, _, err := load(dir, secrets, true, &parsed{})
	return content, err
}

// load returns also what was listed, nil when the directory could not even be opened. What known has of a
// file is not parsed again.
func load(dir, secrets string, offline bool, known *parsed) (*Content, *listing, error) {
	var err error
	for range attempts {
		var content *Content
		var found *listing
		content, found, err = attempt(dir, secrets, offline, known)
		if !errors.Is(err, errChanging) && !errors.Is(err, errWriter) {
			return content, found, err
		}
		time.Sleep(pause)
	}
	return nil, nil, err
}

func attempt(dir, secrets string, offline bool, known *parsed) (*Content, *listing, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", dir, cause(err))
	}
	defer root.Close()
	l := newLoader(root, known)
	l.offline = offline
	l.faults.Add(l.found.faults.Err())
	if len(l.found.files) == 0 && l.faults.Err() == nil {
		return nil, l.found, fmt.Errorf("%s: %w", dir, errEmpty)
	}
	if err := l.files(); err != nil {
		return nil, nil, err
	}
	if !l.found.sameBut(l.apart, list(root)) || !isStill(dir, root) {
		return nil, nil, fmt.Errorf("%s: %w", dir, errChanging)
	}
	l.finish(dir, secrets)
	if err := l.faults.Err(); err != nil {
		return nil, l.found, err
	}
	l.content.sum()
	known.files = l.learnt.files // and not before: who loads once has no use for what an attempt learnt
	return &l.content, l.found, nil
}

// isStill says that root is what dir names now: it may have been replaced.
func isStill(dir string, root *os.Root) bool {
	now, err := os.Stat(dir)
	then, rootErr := root.Stat(".")
	return err == nil && rootErr == nil && os.SameFile(now, then)
}

// A loader reads one directory once.
type loader struct {
	root    *os.Root
	found   *listing
	content Content
	faults  syntax.Errors
	offline bool            // a file that is nowhere is no fault
	apart   map[string]bool // files that hold Revocations alone
	known   *parsed         // of the load before
	learnt  parsed
}

func newLoader(root *os.Root, known *parsed) *loader {
	return &loader{root: root, found: list(root), apart: map[string]bool{}, known: known}
}

// files reads and parses every file. The error is that one of them has a writer.
func (l *loader) files() error {
	total := 0
	for _, f := range l.found.files {
		text, err := read(l.root, f.name)
		if errors.Is(err, errWriter) {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		if err != nil {
			l.fault(f.name, "cannot be read: %v", err)
			continue
		}
		if total += len(text); total > maxBytes {
			l.fault(f.name, "is beyond the %d bytes that are read of all files together", maxBytes)
			return nil
		}
		l.faults.Add(ending(f.name, text))
		documents, err := l.parse(f.name, text)
		l.faults.Add(err)
		l.content.Documents = append(l.content.Documents, documents...)
		if err == nil && len(documents) > 0 && !slices.ContainsFunc(documents, func(d syntax.Document) bool { return d.Revocation == nil }) {
			l.apart[f.name] = true
		}
	}
	return nil
}

// parse is syntax.Parse, but for files that were parsed before.
func (l *loader) parse(name string, text []byte) ([]syntax.Document, error) {
	sum := sha256.Sum256(text)
	if before, ok := l.known.of(name, sum); ok {
		l.learnt.keep(name, sum, before)
		return l.content.reread(name, text, before), nil
	}
	l.content.parse(len(text))
	documents, err := syntax.Parse(name, text)
	if short, ok := syntax.WithoutSpecs(documents); ok && err == nil {
		l.learnt.keep(name, sum, short)
	}
	return documents, err
}

// finish checks what concerns all files together.
func (l *loader) finish(dir, secrets string) {
	l.faults.Add(syntax.Duplicates(l.content.Documents))
	named := l.resolve(dir, secrets)
	if l.faults.Err() != nil {
		return // a document that could not be read may name them
	}
	for _, name := range l.found.json {
		if !slices.Contains(named, name) {
			l.fault(name, "is named by no document: policies are named *.yaml")
		}
	}
}

func (l *loader) fault(name, format string, args ...any) {
	l.faults.Add(&syntax.Error{Position: syntax.Position{Source: name}, Message: fmt.Sprintf(format, args...)})
}
