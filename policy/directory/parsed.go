package directory

import (
	"crypto/sha256"

	"github.com/postern/postern/policy/syntax"
)

// parsed is which files the last load parsed that had no fault. The text of each is read again all the same, and
// it alone says that a file is the same: names, times and sizes prove nothing.
type parsed struct{ files map[string]parsedFile }

// A parsedFile is one that holds ServicePolicies alone.
type parsedFile struct {
	sum       [sha256.Size]byte // of the text
	documents []syntax.Document // without what they say
}

func (p *parsed) of(name string, sum [sha256.Size]byte) ([]syntax.Document, bool) {
	f, ok := p.files[name]
	return f.documents, ok && f.sum == sum
}

func (p *parsed) keep(name string, sum [sha256.Size]byte, documents []syntax.Document) {
	if p.files == nil {
		p.files = map[string]parsedFile{}
	}
	p.files[name] = parsedFile{sum, documents}
}
