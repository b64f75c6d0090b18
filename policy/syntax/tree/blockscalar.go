package tree

import "strings"

// blockScalar reads a string behind | or >. parent is the column of the block around it.
func (s *scanner) blockScalar(parent int) (Node, *Fault) {
	if parent < 0 {
		return Node{}, s.fail("a document is a mapping, not a string")
	}
	n := s.node(Scalar)
	n.Quoted = true
	folded := s.peek(0) == '>'
	s.at++
	chomp := s.peek(0)
	if chomp == '+' || chomp == '-' {
		s.at++
	}
	if !s.blank() {
		return Node{}, s.fail("behind | and > stands - or + or nothing, and the text below")
	}
	s.nextLine()
	lines, err := s.blockLines(parent)
	if err != nil {
		return Node{}, err
	}
	n.Text = joinLines(lines, folded, chomp)
	s.skipLines()
	return n, nil
}

// blockLines returns the lines of a block scalar without their indent, each with its end as
// "\n"; the last has none when the text has none there.
func (s *scanner) blockLines(parent int) ([]string, *Fault) {
	var lines []string
	indent := -1 // known with the first line that is not blank
	widest := 0  // of the blank lines before that
	for !s.end() {
		line := s.restOfLine()
		width := len(line) - len(strings.TrimLeft(line, " "))
		switch {
		case width == len(line) && (indent < 0 || width <= indent):
			widest = max(widest, width)
			line = ""
		case width <= parent:
			return lines, nil
		case indent < 0 && widest > width:
			return nil, s.fail("the blank lines above are indented more than this first line of the text")
		case indent < 0:
			indent = width
			line = line[indent:]
		case width < indent:
			s.at += width
			if s.peek(0) == '#' {
				return nil, s.fail("a comment inside a text: indent it with the text, or less than its field")
			}
			return nil, s.fail("this is indented less than the first line of the text")
		default:
			line = line[indent:]
		}
		if s.nextLine(); s.text[s.at-1] == '\n' {
			line += "\n"
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// joinLines puts a block scalar together (YAML 1.2.2 section 8.1).
func joinLines(lines []string, folded bool, chomp byte) string {
	var b strings.Builder
	before := ""      // the break before the line at hand
	blank := ""       // and the blank lines behind that break
	indented := false // the text before begins with a space, and is not folded
	for _, line := range lines {
		if line == "" || line == "\n" {
			blank += line
			continue
		}
		text, ended := strings.CutSuffix(line, "\n")
		switch {
		case !folded || before == "" || indented || text[0] == ' ':
			b.WriteString(before)
		case blank == "":
			b.WriteByte(' ')
		}
		b.WriteString(blank)
		b.WriteString(text)
		before, blank, indented = "", "", text[0] == ' '
		if ended {
			before = "\n"
		}
	}
	if chomp != '-' {
		b.WriteString(before)
	}
	if chomp == '+' {
		b.WriteString(blank)
	}
	return b.String()
}
