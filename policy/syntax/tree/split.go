package tree

import (
	"bytes"
	"fmt"
)

// maxParts bounds the documents of one text.
const maxParts = 10_000

// A Part is the text of one document, without the separators around it.
type Part struct {
	Text []byte
	line int // of its first byte
}

// Split checks a text's characters and divides it at its lines "---". Parts without content,
// with comments at most, are left out. With any fault there are no parts.
func Split(text []byte) ([]Part, []*Fault) {
	if faults := check(text); len(faults) > 0 {
		return nil, faults
	}
	var parts []Part
	begin, first, line := 0, 1, 0 // the part's first byte and line; the number of the line at hand
	for at := 0; at < len(text); {
		end := at + bytes.IndexByte(text[at:], '\n') + 1
		if end == at {
			end = len(text)
		}
		line++
		separates, err := separator(bytes.TrimRight(text[at:end], " \r\n"))
		if err != "" {
			return nil, []*Fault{{line, 1, err}}
		}
		if separates {
			parts = appendPart(parts, Part{text[begin:at], first})
			begin, first = end, line+1
		}
		at = end
	}
	parts = appendPart(parts, Part{text[begin:], first})
	if len(parts) > maxParts {
		return nil, []*Fault{{parts[maxParts].line, 1, fmt.Sprintf("more than %d documents in one file", maxParts)}}
	}
	return parts, nil
}

// separator says whether a line divides documents. At the beginning of a line the three marks
// mean so even inside quotes (YAML 1.2.2 section 9.1.2).
func separator(line []byte) (separates bool, fault string) {
	switch {
	case bytes.HasPrefix(line, []byte("%")):
		return false, "directives are not supported"
	case string(line) == "..." || bytes.HasPrefix(line, []byte("... ")):
		return false, `"..." is not supported: documents are separated by "---"`
	case string(line) == "---":
		return true, ""
	case !bytes.HasPrefix(line, []byte("--- ")):
		return false, ""
	case bytes.HasPrefix(bytes.TrimLeft(line[3:], " "), []byte("#")):
		return true, ""
	}
	return false, `a document begins on the line below "---"`
}

func appendPart(parts []Part, p Part) []Part {
	for line := range bytes.Lines(p.Text) {
		if line = bytes.TrimLeft(line, " \r\n"); len(line) > 0 && line[0] != '#' {
			return append(parts, p)
		}
	}
	return parts
}
