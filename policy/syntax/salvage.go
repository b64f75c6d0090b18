package syntax

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax/tree"
)

// Salvage reads the Revocation documents of one file, each by itself: no fault of another document,
// not even one of characters, keeps it from being read. It returns the sound ones, and beside
// them, as *Errors, what is wrong with every document that is a Revocation or may be one, for its
// kind cannot be told. Where Parse finds no fault, Salvage finds none, and the same Revocations.
func Salvage(name string, text []byte) ([]*identity.Revocation, error) {
	var sound []*identity.Revocation
	var faults Errors
	if len(text) > MaxFile {
		faults.Add(&Error{Position{name, 1, 1, ""}, fmt.Sprintf("the file has %d bytes: at most %d are read", len(text), MaxFile)})
		return nil, faults.Err()
	}
	for _, piece := range tree.Divide(text) {
		if written := writtenKind(piece.Text); written != "" && written != kindRevocation {
			continue
		}
		r := &reader{source: name, known: map[string]string{}}
		if revocation := r.salvage(piece); revocation != nil {
			sound = append(sound, revocation)
		}
		faults.Add(r.errors.Err())
	}
	return sound, faults.Err()
}

// salvage reads a document that may be a Revocation, and reports what is wrong unless it is none.
func (r *reader) salvage(piece tree.Piece) *identity.Revocation {
	for _, f := range piece.Faults {
		r.failAt(f.Line, f.Column, f.Message)
	}
	if len(piece.Faults) > 0 {
		return nil
	}
	root, faults := tree.Read(piece.Part)
	if kind := readKind(root); kind != "" && kind != kindRevocation && len(faults) == 0 {
		return nil
	}
	if d := r.part(piece.Part); r.errors.Err() == nil {
		return d.Revocation
	}
	return nil
}

// writtenKind returns the kind of a document, as far as one line of it tells by itself: so it is
// known of a document that cannot be read, too. It is "" when no line does, or more than one.
func writtenKind(text []byte) string {
	found := ""
	for line := range bytes.Lines(text) {
		if kind, ok := kindLine(line); ok {
			if found != "" || checkKind(kind) != nil {
				return ""
			}
			found = kind
		}
	}
	return found
}

// kindLine returns the value of a line that is a field "kind" of a document.
func kindLine(line []byte) (kind string, ok bool) {
	if len(line) == 0 || line[0] != 'k' && line[0] != '"' && line[0] != '\'' {
		return "", false
	}
	key, value, ok := strings.Cut(string(line), ":")
	if !ok || strings.Trim(key, `"' `) != "kind" {
		return "", false
	}
	value, _, _ = strings.Cut(value, " #")
	return strings.Trim(value, "\"' \r\n"), true
}

// readKind returns the kind of a document that was read, "" when it is none that there is.
func readKind(root *tree.Node) string {
	if root == nil {
		return ""
	}
	n := object{node: root}.get("kind")
	if n == nil || n.Kind != tree.Scalar || checkKind(n.Text) != nil {
		return ""
	}
	return n.Text
}
