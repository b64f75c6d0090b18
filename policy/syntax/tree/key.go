package tree

import (
	"fmt"
	"strconv"
	"strings"
)

// maxKey is how far ahead other readers look for a field's colon (YAML 1.2.2 section 7.4.2).
const maxKey = 1024

// key reads a field's name and its colon, if that is what stands here; otherwise the scanner
// stays where it is.
func (s *scanner) key() (Node, bool, *Fault) {
	at := s.at
	var key Node
	var err *Fault
	switch s.peek(0) {
	case '"', '\'':
		key, err = s.quoted()
	case '|', '>', '[', '{':
		return Node{}, false, nil
	default:
		key, err = s.plain(false)
	}
	if err != nil {
		return Node{}, false, err
	}
	behind := s.at
	s.skipSpaces()
	if s.peek(0) != ':' || s.peek(1) != ' ' && s.peek(1) != '\n' {
		s.at = at
		return Node{}, false, nil
	}
	switch {
	case s.at != behind:
		return Node{}, false, s.failAt(behind, "a space before the colon of a field")
	case behind-at > maxKey:
		return Node{}, false, s.failAt(at, "a field's name has at most %d bytes", maxKey)
	}
	s.at++
	return key, true, nil
}

// notField says what is wrong with a scalar that stands where a field is expected.
func notField(n *Node) *Fault {
	message := `expected a field, as in "name: value"`
	name, _, colon := strings.Cut(n.Text, ":")
	switch {
	case n.Quoted:
	case strings.HasPrefix(name, "-"):
		message += ": a space follows the dash of a list item"
	case colon && !strings.Contains(name, " "):
		message += ": a space follows the colon"
	}
	return &Fault{int(n.Line), int(n.Column), message}
}

// fields collects the fields of one mapping. A linear search is the fastest for the few that most
// have.
type fields struct {
	*scanner
	begin int              // of its items, among those that are open
	index map[string]int32 // the line of each key, once there are many
}

func (s *scanner) newFields() *fields { return &fields{scanner: s, begin: s.nodes.top()} }

const (
	manyKeys   = 16
	maxRepeats = 100 // faults that keep nothing from being read
)

// add puts a field into its mapping, unless that has the key already. That fault, and that of a
// merge key, are not returned: they keep nothing else from being read.
func (f *fields) add(key, value Node) *Fault {
	message := ""
	if line := f.find(key.Text); line > 0 {
		message = fmt.Sprintf("%s stands here twice, first in line %d", shorten(key.Text), line)
	}
	if !key.Quoted && key.Text == "<<" {
		message = "merge keys are not supported: write the fields out"
	}
	if message != "" {
		fault := &Fault{int(key.Line), int(key.Column), message}
		if len(f.faults) == maxRepeats {
			return fault
		}
		f.faults = append(f.faults, fault)
		return nil
	}
	if f.index != nil {
		f.index[key.Text] = key.Line
	}
	return f.push(key, value)
}

// find returns the line of a key, or 0.
func (f *fields) find(name string) int32 {
	items := f.nodes.open[f.begin:]
	if f.index == nil && len(items) >= 2*manyKeys {
		f.index = make(map[string]int32, 2*manyKeys)
		for i := 0; i < len(items); i += 2 {
			f.index[items[i].Text] = items[i].Line
		}
	}
	if f.index != nil {
		return f.index[name]
	}
	for i := 0; i < len(items); i += 2 {
		if items[i].Text == name {
			return items[i].Line
		}
	}
	return 0
}

// shorten keeps an error short.
func shorten(s string) string {
	if len(s) > 64 {
		s = strings.ToValidUTF8(s[:64], "") + "…"
	}
	return strconv.Quote(s)
}
