package edit

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/postern/postern/policy/syntax/tree"
)

// A Target is one item of a list or field of a mapping to take out, by where What of it begins:
// line and column from 1, in bytes.
type Target struct {
	Line, Column int
	What         What
}

// What says what begins at the place of a Target: an item and the first field of a mapping can
// begin at the same.
type What uint8

// What a Target can name.
const (
	Item  What = iota // an item of a list
	Name              // the name of a field, which goes with its value
	Value             // the value of a field, which goes with its name
)

// The ways in which Remove can fail.
var (
	ErrRead    = errors.New("the text is no YAML that is read here")
	ErrMissing = errors.New("no value to take out begins there")
	ErrEmpty   = errors.New("nothing of the document would be left")
	ErrLayout  = errors.New("the value stands so close to others that it cannot be taken out alone")
)

// Remove returns the text without the targets. With any error there is no text.
func Remove(text []byte, targets []Target) ([]byte, error) {
	documents, err := read(text)
	if err != nil {
		return nil, err
	}
	r := newRemover(text, targets)
	want := make([]tree.Node, 0, len(documents))
	for _, d := range documents {
		kept, empty := r.prune(d, -1)
		if empty {
			return nil, ErrEmpty
		}
		want = append(want, kept)
	}
	switch {
	case r.err != nil:
		return nil, r.err
	case len(r.found) < len(r.targets):
		return nil, r.missing()
	}
	edited := r.apply()
	got, err := read(edited)
	if err != nil || !slices.EqualFunc(want, got, func(w tree.Node, g *tree.Node) bool { return same(&w, g) }) {
		return nil, ErrLayout
	}
	return edited, nil
}

// read returns the documents of a text.
func read(text []byte) ([]*tree.Node, error) {
	parts, faults := tree.Split(text)
	if len(faults) > 0 {
		return nil, fmt.Errorf("%w: line %d: %w", ErrRead, faults[0].Line, faults[0])
	}
	var documents []*tree.Node
	for _, p := range parts {
		root, faults := tree.Read(p)
		if len(faults) > 0 {
			return nil, fmt.Errorf("%w: line %d: %w", ErrRead, faults[0].Line, faults[0])
		}
		documents = append(documents, root)
	}
	return documents, nil
}

// same compares what two nodes say, not where they stand.
func same(a, b *tree.Node) bool {
	return a.Kind == b.Kind && a.Quoted == b.Quoted && a.Text == b.Text &&
		slices.EqualFunc(a.Items, b.Items, func(x, y tree.Node) bool { return same(&x, &y) })
}

// A remover gathers the pieces of a text that go.
type remover struct {
	text    []byte
	lines   []int // where each line begins, and the end of the text
	targets map[Target]bool
	found   map[Target]bool
	cuts    []cut
	err     error
}

// A cut is a piece of the text, by its bytes.
type cut struct{ from, to int }

func newRemover(text []byte, targets []Target) *remover {
	r := &remover{text: text, targets: map[Target]bool{}, found: map[Target]bool{}, lines: []int{0}}
	for _, t := range targets {
		r.targets[t] = true
	}
	for i, c := range text {
		if c == '\n' {
			r.lines = append(r.lines, i+1)
		}
	}
	if last := r.lines[len(r.lines)-1]; last < len(text) {
		r.lines = append(r.lines, len(text))
	}
	return r
}

// missing names the first target that is not there.
func (r *remover) missing() error {
	var all []Target
	for t := range r.targets {
		if !r.found[t] {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b Target) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column, int(a.What)-int(b.What)) })
	return fmt.Errorf("%w: line %d, column %d", ErrMissing, all[0].Line, all[0].Column)
}

// apply returns the text without the pieces, which may overlap.
func (r *remover) apply() []byte {
	slices.SortFunc(r.cuts, func(a, b cut) int { return cmp.Or(a.from-b.from, a.to-b.to) })
	var edited bytes.Buffer
	at := 0
	for _, c := range r.cuts {
		if c.from > at {
			edited.Write(r.text[at:c.from])
		}
		at = max(at, c.to)
	}
	edited.Write(r.text[at:])
	return edited.Bytes()
}
