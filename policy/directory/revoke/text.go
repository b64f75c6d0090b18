package revoke

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/revocation"
	"github.com/postern/postern/policy/syntax"
)

// made is the first line of a file that Add makes, by which it knows it again.
const made = "# Written by postern revoke, which also takes out what has ended."

// A text is a file that holds one Revocation, and nothing else.
type text struct {
	source  string // what positions say
	lines   []string
	starts  []int // the lines at which entries begin, from 0
	indent  string
	entries []identity.RevocationEntry
	name    string // of the document
}

// blank is a document without entries.
func blank(source, name string) *text {
	return &text{source: source, name: name, indent: "  ", lines: []string{
		made, "apiVersion: postern.dev/v1alpha1", "kind: Revocation", "metadata: {name: " + name + "}", "spec:", "  entries:",
	}}
}

// read reads a file strictly.
func read(source string, content []byte) (*text, error) {
	documents, err := syntax.Parse(source, content)
	if err != nil {
		return nil, err
	}
	if len(documents) != 1 || documents[0].Revocation == nil {
		return nil, fmt.Errorf("%s holds something else than one Revocation: edit it by hand", source)
	}
	return fresh(source, content, documents[0].Name, documents[0].Revocation.Entries)
}

// fresh returns a file of which is known what it says.
func fresh(source string, content []byte, name string, entries []identity.RevocationEntry) (*text, error) {
	t := &text{source: source, entries: slices.Clone(entries), name: name, indent: "  "}
	t.lines = strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	if len(t.entries) == 0 {
		return t, t.open()
	}
	return t, t.find()
}

// clone returns a text that can be changed by itself.
func (t *text) clone() *text {
	c := *t
	c.lines, c.starts, c.entries = slices.Clone(t.lines), slices.Clone(t.starts), slices.Clone(t.entries)
	return &c
}

// open makes a list on lines of its own from the empty one in brackets.
func (t *text) open() error {
	for i, l := range t.lines {
		if before, ok := strings.CutSuffix(l, "entries: []"); ok && strings.Trim(before, " ") == "" {
			t.lines[i], t.indent = before+"entries:", before
			if i == len(t.lines)-1 {
				return nil
			}
		}
	}
	return t.odd()
}

// find notes where the entries begin: each on a line of its own.
func (t *text) find() error {
	for i := range t.entries {
		line, column, err := place(t.entries[i].At)
		if err != nil || line > len(t.lines) || column < 3 {
			return t.odd()
		}
		l := t.lines[line-1]
		indent, ok := strings.CutSuffix(l[:min(column-1, len(l))], "- ")
		if !ok || strings.Trim(indent, " ") != "" || i > 0 && indent != t.indent {
			return t.odd()
		}
		t.indent = indent
		t.starts = append(t.starts, line-1)
	}
	return nil
}

func (t *text) odd() error {
	return fmt.Errorf("%s is in another form than one entry after the other to its end: run postern fmt on it, or edit it by hand", t.source)
}

// place reads FILE:LINE:COLUMN.
func place(at string) (line, column int, err error) {
	parts := strings.Split(at, ":")
	if len(parts) < 3 {
		return 0, 0, errors.New("no position")
	}
	line, err = strconv.Atoi(parts[len(parts)-2])
	column, err2 := strconv.Atoi(parts[len(parts)-1])
	return line, column, errors.Join(err, err2)
}

// own says that Add has made the file.
func (t *text) own() bool { return t.lines[0] == made }

// without takes entries out.
func (t *text) without(drop func(*identity.RevocationEntry) bool) {
	lines, starts, entries := []string(nil), []int(nil), []identity.RevocationEntry(nil)
	done := 0 // lines that are taken over, or left out
	for i := range t.entries {
		from, to := t.span(i)
		lines = append(lines, t.lines[done:from]...)
		if done = to; drop(&t.entries[i]) {
			continue
		}
		starts, entries = append(starts, len(lines)), append(entries, t.entries[i])
		lines = append(lines, t.lines[from:to]...)
	}
	t.lines, t.starts, t.entries = append(lines, t.lines[done:]...), starts, entries
}

// roomFor says that so many entries more leave room for those that have ended.
func (t *text) roomFor(more int) bool {
	size := 0
	for _, l := range t.lines {
		size += len(l) + 1
	}
	return len(t.entries)+more <= MaxEntries && size <= syntax.MaxFile/2
}

// span returns the lines of an entry, without comments that stand between it and the next.
func (t *text) span(i int) (from, to int) {
	to = len(t.lines)
	if i+1 < len(t.starts) {
		to = t.starts[i+1]
	}
	from = t.starts[i]
	for to > from+1 && isRemark(t.lines[to-1]) {
		to--
	}
	return from, to
}

func isRemark(l string) bool {
	l = strings.TrimLeft(l, " ")
	return l == "" || l[0] == '#'
}

// add puts entries at the end. Times are rounded up to seconds: rather too much is cut off.
func (t *text) add(entries []identity.RevocationEntry) error {
	for _, e := range entries {
		e.Until, e.IssuedBefore = whole(e.Until), whole(e.IssuedBefore)
		l, err := line(&e)
		if err != nil {
			return err
		}
		t.lines = append(t.lines, t.indent+"- "+l)
		t.entries = append(t.entries, e)
	}
	return nil
}

// bytes returns the file, read again: it holds the entries that it is to hold, and Postern takes it.
func (t *text) bytes() (content []byte, again *identity.Revocation, err error) {
	lines := t.lines
	if len(t.entries) == 0 {
		lines = slices.Clone(lines)
		at := slices.IndexFunc(lines, func(l string) bool { return strings.TrimLeft(l, " ") == "entries:" })
		if at < 0 {
			return nil, nil, t.odd()
		}
		lines[at] += " []"
	}
	content = []byte(strings.Join(lines, "\n") + "\n")
	documents, err := syntax.Parse(t.source, content)
	if err != nil {
		return nil, nil, fmt.Errorf("what would be written is refused: %w", err)
	}
	if len(documents) != 1 || documents[0].Name != t.name {
		return nil, nil, t.odd()
	}
	if again = documents[0].Revocation; again == nil || !slices.EqualFunc(again.Entries, t.entries, same) {
		return nil, nil, t.odd()
	}
	if _, err := revocation.Compile(again); err != nil {
		return nil, nil, fmt.Errorf("what would be written is refused: %w", err)
	}
	return content, again, nil
}

// ended says that an entry does nothing any more.
func ended(now time.Time) func(*identity.RevocationEntry) bool {
	return func(e *identity.RevocationEntry) bool { return !now.Before(e.Until) }
}
