package directory

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"

	"github.com/postern/postern/policy/syntax"
)

// Content is what a directory held at one moment. It has at least one document.
type Content struct {
	Documents []syntax.Document // of every kind, by file, in the order of their names, then by position

	// What follows is of the documents that make a policy. Revocations come into force on their own
	// (see Watcher.WatchRevocations), and a PolicyTest decides nothing: neither makes it another policy.

	Digest string   // hexadecimal SHA-256 of the documents, wherever they stand
	Files  []string // the names of the files that they are in, below the directory, sorted

	// state is of everything that positions and file names depend on, too: two Contents with one
	// state are the same policy.
	state [sha256.Size]byte

	parsed int             // bytes of the files that were
	tell   func(bytes int) // who asked for it
}

// WhenParsed calls tell with the bytes of the files that were parsed, and from now on with those of a
// file that was known, and is parsed when somebody asks for what it says, before it is. That is for one
// goroutine at a time.
func (c *Content) WhenParsed(tell func(bytes int)) {
	c.tell = tell
	tell(c.parsed)
}

func (c *Content) parse(bytes int) {
	c.parsed += bytes
	if c.tell != nil {
		c.tell(bytes)
	}
}

// reread is syntax.Reread, and counts the file when it is parsed.
func (c *Content) reread(name string, text []byte, known []syntax.Document) []syntax.Document {
	size := len(text)
	count := sync.OnceFunc(func() { c.parse(size) })
	documents := syntax.Reread(name, text, known)
	for i := range documents {
		read := documents[i].Reread
		documents[i].Reread = func() *syntax.ServicePolicy {
			count()
			return read()
		}
	}
	return documents
}

// decides says that a document is a part of the policy.
func decides(d *syntax.Document) bool { return d.Revocation == nil && d.PolicyTest == nil }

// sum fills in what is said of the documents together.
func (c *Content) sum() {
	var digests [][sha256.Size]byte
	state := sha256.New()
	for i := range c.Documents {
		d := &c.Documents[i]
		if !decides(d) {
			continue
		}
		digests = append(digests, d.Digest)
		fmt.Fprintf(state, "%q %d %d %x\n", d.Position.Source, d.Position.Line, d.Position.Column, d.Digest)
		for _, f := range d.Files {
			fmt.Fprintf(state, "%q %q\n", *f.Root, *f.Path)
		}
		if source := d.Position.Source; len(c.Files) == 0 || c.Files[len(c.Files)-1] != source {
			c.Files = append(c.Files, source)
		}
	}
	c.Digest = digestOf(digests)
	state.Sum(c.state[:0])
}

// digestOf is independent of the names of files, and of where in them the documents stand.
func digestOf(digests [][sha256.Size]byte) string {
	slices.SortFunc(digests, func(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	h := sha256.New()
	for _, d := range digests {
		h.Write(d[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}
