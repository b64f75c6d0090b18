package directory

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/postern/postern/policy/syntax"
)

// Content is what a directory held at one moment. It has at least one document.
type Content struct {
	Documents []syntax.Document // by file, in the order of their names, then by position
	Digest    string            // hexadecimal SHA-256 of the documents, wherever they stand
	Files     []string          // the names of the files read, below the directory, sorted

	// state is of everything that positions and file names depend on, too: two Contents with one
	// state are the same.
	state [sha256.Size]byte
}

// digest is independent of the names of files, and of where in them the documents stand.
func digest(documents []syntax.Document) string {
	digests := make([][]byte, len(documents))
	for i := range documents {
		digests[i] = documents[i].Digest[:]
	}
	slices.SortFunc(digests, bytes.Compare)
	sum := sha256.Sum256(bytes.Join(digests, nil))
	return hex.EncodeToString(sum[:])
}
