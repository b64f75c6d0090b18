package tree

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// maxFaults bounds the faults of characters that are reported; a binary file has no end of them.
const maxFaults = 10

// check finds the characters that no document may hold. After it, lines end in \n or \r\n.
func check(text []byte) []*Fault {
	if bytes.HasPrefix(text, []byte("\uFEFF")) {
		return []*Fault{{1, 1, "a byte order mark: save the file as UTF-8 without it"}}
	}
	var faults []*Fault
	line, start := 1, 0
	for i := 0; i < len(text) && len(faults) < maxFaults; {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[i:])
		}
		switch {
		case r >= ' ' && r < 0x7f:
		case r == '\n':
			line, start = line+1, i+1
		case r == '\r' && i+1 < len(text) && text[i+1] == '\n':
		default:
			if message := refuse(r, size); message != "" {
				faults = append(faults, &Fault{line, i - start + 1, message})
			}
		}
		i += size
	}
	return faults
}

// refuse says why a character is refused, or "".
func refuse(r rune, size int) string {
	switch {
	case r == utf8.RuneError && size == 1:
		return "a byte that is not UTF-8"
	case r == '\t':
		return `a tab: YAML is indented with spaces, and a quoted string spells it \t`
	case r == '\r':
		return `a carriage return alone: lines end in \n or \r\n`
	case unicode.IsControl(r), r == '\u2028', r == '\u2029', r == '\uFEFF', r&0xFFFE == 0xFFFE:
		return fmt.Sprintf("a control character (%U)", r)
	case unicode.Is(unicode.Bidi_Control, r):
		return fmt.Sprintf("a character that changes the direction of text (%U), so that it reads as what it is not", r)
	}
	return ""
}
