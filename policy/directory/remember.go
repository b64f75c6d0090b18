package directory

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax"
)

// A reading is what the text of one file said of Revocations.
type reading struct {
	file      file
	size      int
	text      []byte                 // until it is read
	may       bool                   // whether it may hold a Revocation
	cut       error                  // what ending says; nothing else was looked at then
	documents []*identity.Revocation // those that are sound
	err       error                  // why there may be others
}

// settled is how long a file must have been left alone for what it says to be remembered. One that
// is written twice at once may bear the same times after both: file systems count in steps of up to
// two seconds.
const settled = 3 * time.Second

// maxRemembered bounds the faults that are remembered, of all files together.
const maxRemembered = 20_000

// A memory is what files said that are not read again while they stay the same. That is told by what
// file.same compares and by when the file was changed, for all the others can be set: files unpacked
// from an image may have one time, one size and, one after the other, one inode. Where the system does
// not tell that time every file is read each time.
type memory struct {
	files  map[string]*reading // by name
	faults int
}

func newMemory() *memory { return &memory{files: map[string]*reading{}} }

// of returns what a file said, nil when that has to be read.
func (m *memory) of(f file) *reading {
	r := m.files[f.name]
	if r == nil || !r.file.same(f) || !changeTime(r.file.info).Equal(changeTime(f.info)) {
		return nil
	}
	return r
}

// keep remembers a reading of a file that was at rest at the time now, before it was read.
func (m *memory) keep(r *reading, now time.Time) {
	at := changeTime(r.file.info)
	faults := 0
	if all := (*syntax.Errors)(nil); errors.As(r.err, &all) {
		faults = len(all.Unwrap())
	}
	if at.IsZero() || now.Sub(at) < settled || m.faults+faults > maxRemembered {
		return
	}
	m.files[r.file.name] = r
	m.faults += faults
}

// examine looks at a text, without reading what may be Revocations in it.
func examine(name string, info fs.FileInfo, text []byte) *reading {
	return &reading{file: file{name, info}, size: len(text), text: text, may: syntax.MayRevoke(text), cut: ending(name, text)}
}

// salvage reads what examine left. A text that is cut off may say what it does not mean.
func (r *reading) salvage() {
	if r.text != nil && r.cut == nil && r.may {
		r.documents, r.err = syntax.Salvage(r.file.name, r.text)
	}
	r.text = nil
}

// A budget bounds what one pass reads.
type budget struct {
	searched int64 // bytes of all files
	read     int64 // bytes of those that may hold a Revocation
}

// maxSearched bounds the bytes in which Revocations are looked for. That costs little, so that much
// is allowed: nobody's policies crowd a Revocation out. maxBytes bounds what may hold one.
const maxSearched = 16 * maxBytes

// search takes a file into the budget before it is read.
func (b *budget) search(f file) error {
	size := min(f.info.Size(), syntax.MaxFile) // no more is read of it
	if b.searched+size > maxSearched {
		return fmt.Errorf("is beyond the %d bytes in which Revocations are looked for", maxSearched)
	}
	b.searched += size
	return nil
}

// take takes a file into the budget that has been read.
func (b *budget) take(r *reading) error {
	if !r.may {
		return nil
	}
	if b.read+int64(r.size) > maxBytes {
		return fmt.Errorf("is beyond the %d bytes that are read of all files that may hold a Revocation", maxBytes)
	}
	b.read += int64(r.size)
	return nil
}
