package format

import "strings"

// alignWidth is how wide a line is at most whose comment others are lined up with.
const alignWidth = 80

// join puts lines together. The comments beside lines that follow one another begin in one column.
func join(b *strings.Builder, lines []line) {
	for len(lines) > 0 {
		n, column := run(lines)
		for _, l := range lines[:n] {
			b.WriteString(l.text)
			if l.beside != "" {
				b.WriteString(spaces(column - width(l.text)))
				b.WriteString(l.beside)
			}
			b.WriteByte('\n')
		}
		lines = lines[n:]
	}
}

// run counts the lines whose comments are lined up with that of the first, and returns their
// column. A line without a comment, and one that is wide, stand alone.
func run(lines []line) (n, column int) {
	wide := width(lines[0].text) > alignWidth
	for n < len(lines) && lines[n].beside != "" {
		w := width(lines[n].text)
		if n > 0 && !lines[n].goesOn && (wide || w > alignWidth) {
			break
		}
		n, column = n+1, max(column, w+1)
	}
	return max(n, 1), column
}
