package syntax

import (
	"bytes"
	"fmt"
	"slices"

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
		if isOther(piece.Text) {
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

// MayRevoke says whether a document of the text is a Revocation or may be one. Where it is false,
// Salvage finds neither a Revocation nor a fault; it costs a fraction of what reading does.
func MayRevoke(text []byte) bool {
	return len(text) > MaxFile || slices.ContainsFunc(tree.Divide(text), func(p tree.Piece) bool { return !isOther(p.Text) })
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

// isOther says that a document is known to be no Revocation, whatever is wrong in it: it can be read
// up to a line that makes it another kind, and does not spell Revocation anywhere. The line alone
// proves nothing: it may stand in brackets that opened above it, or beside the kind in other words.
// So what was a Revocation is never taken for another kind because half of it is gone.
func isOther(text []byte) bool {
	end := kindEnd(text)
	if end == 0 || spells(text) {
		return false
	}
	pieces := tree.Divide(text[:end])
	if len(pieces) != 1 || len(pieces[0].Faults) > 0 {
		return false
	}
	root, faults := tree.Read(pieces[0].Part)
	return len(faults) == 0 && readKind(root) != ""
}

// spells says that a document may have the kind Revocation. A string stands in the text as it is read,
// on one line, but for what is escaped.
func spells(text []byte) bool {
	return bytes.Contains(text, []byte(kindRevocation)) || bytes.IndexByte(text, '\\') >= 0
}

// kindEnd returns the end of the line that looks like the field "kind" of a document, 0 when there
// is none, or more than one.
func kindEnd(text []byte) int {
	at, found := 0, 0
	for line := range bytes.Lines(text) {
		at += len(line)
		switch {
		case !isKindLine(line):
		case found > 0:
			return 0
		default:
			found = at
		}
	}
	return found
}

// isKindLine says that a line looks like the field "kind" of a document.
func isKindLine(line []byte) bool {
	if len(line) == 0 || line[0] != 'k' && line[0] != '"' && line[0] != '\'' {
		return false
	}
	key, _, ok := bytes.Cut(line, []byte(":"))
	return ok && string(bytes.Trim(key, `"' `)) == "kind"
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
