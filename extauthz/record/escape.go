package record

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// escape appends a line of JSON to dst, with what cannot be printed written as \u escapes:
// C1 controls drive terminals, U+2028 ends lines for some, and marks of direction reorder
// what an operator reads. JSON means the same by both spellings.
func escape(dst, line []byte) []byte {
	if !slices.ContainsFunc(line, func(b byte) bool { return b >= 0x7F }) {
		return append(dst, line...) // JSON has escaped what is below 0x20
	}
	for len(line) > 0 {
		r, size := utf8.DecodeRune(line)
		switch {
		case !unprintable(r):
			dst = append(dst, line[:size]...)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, high, low)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		}
		line = line[size:]
	}
	return dst
}

// unprintable includes U+FFFD, which stands for what is not UTF-8. The newline at the end of
// the line is the only ASCII control that JSON leaves in.
func unprintable(r rune) bool {
	return r != '\n' && (r == utf8.RuneError || !strconv.IsPrint(r))
}
