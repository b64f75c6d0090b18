package syntax

import (
	"crypto/sha256"
	"fmt"

	"github.com/postern/postern/policy/syntax/tree"
)

// MaxFile is the largest file that is read, in bytes.
const MaxFile = 8 << 20

// Parse reads every document of one file. name is what positions say. All faults are
// reported together as *Errors, each as an *Error; with any fault there are no documents.
func Parse(name string, text []byte) ([]Document, error) {
	r := &reader{source: name, known: map[string]string{}}
	if len(text) > MaxFile {
		r.failAt(1, 1, fmt.Sprintf("the file has %d bytes: at most %d are read", len(text), MaxFile))
		return nil, r.errors.Err()
	}
	parts, faults := tree.Split(text)
	for _, f := range faults {
		r.failAt(f.Line, f.Column, f.Message)
	}
	if len(parts)+len(faults) == 0 {
		r.failAt(1, 1, "no documents")
	}
	documents := make([]Document, 0, len(parts))
	for _, part := range parts {
		documents = append(documents, r.part(part))
	}
	if err := r.errors.Err(); err != nil {
		return nil, err
	}
	return documents, nil
}

// part reads one document. Nothing of it is kept but what the Document holds.
func (r *reader) part(p tree.Part) Document {
	root, faults := tree.Read(p)
	for _, f := range faults {
		r.failAt(f.Line, f.Column, f.Message)
	}
	if root == nil {
		return Document{}
	}
	d := r.document(root)
	d.Digest = sha256.Sum256(p.Text)
	if d.IdentityProvider != nil {
		d.IdentityProvider.Digest = d.Digest
	}
	if d.Revocation != nil {
		d.Revocation.Digest = d.Digest
	}
	return d
}
