package format

import (
	"slices"
	"strings"

	"github.com/postern/postern/policy/syntax"
	"github.com/postern/postern/policy/syntax/tree"
)

// Source returns the text of a policy file in its canonical form. name is what positions say.
// The errors are those of syntax.Parse: what cannot be loaded is not formatted.
func Source(name string, text []byte) ([]byte, error) {
	if _, err := syntax.Parse(name, text); err != nil {
		return nil, err
	}
	formatted, ok := layOut(text)
	if !ok {
		return nil, &syntax.Error{
			Position: syntax.Position{Source: name, Line: 1, Column: 1},
			Message:  "cannot be formatted without a change of its meaning, which is a fault of Postern: please report it; until then leave the file as it is",
		}
	}
	return formatted, nil
}

// layOut formats whatever package tree reads without a fault. It says whether the result has the
// same values and comments.
func layOut(text []byte) (formatted []byte, ok bool) {
	documents, ok := read(strings.ReplaceAll(string(text), "\r\n", "\n"))
	if !ok {
		return nil, false
	}
	g := syntax.Grammar()
	var b strings.Builder
	for i, d := range documents {
		if i > 0 {
			b.WriteString("---\n")
		}
		d.sort(g)
		join(&b, d.write())
	}
	formatted = []byte(b.String())
	again, ok := read(b.String())
	return formatted, ok && equal(documents, again)
}

// equal says whether documents have the same values and comments.
func equal(a, b []*document) bool {
	return slices.EqualFunc(a, b, sameValues) && slices.Equal(commentsOf(a), commentsOf(b))
}

// sameValues compares what two documents say.
func sameValues(a, b *document) bool {
	if a.node == nil || b.node == nil {
		return a.node == b.node
	}
	return sameNode(a.node, b.node)
}

// sameNode compares two values. The order of the fields of a mapping is not compared, nor how a
// string is spelled.
func sameNode(a, b *tree.Node) bool {
	if a.Kind != b.Kind || a.Text != b.Text || len(a.Items) != len(b.Items) || isString(a) != isString(b) {
		return false
	}
	for i := range a.Items {
		if a.Kind == tree.List && !sameNode(&a.Items[i], &b.Items[i]) {
			return false
		}
		if a.Kind == tree.Mapping && i%2 == 0 && !sameField(a, b, i) {
			return false
		}
	}
	return true
}

// sameField says whether b has the field that a has at i, which is most often at i, too.
func sameField(a, b *tree.Node, i int) bool {
	if !sameNode(&a.Items[i], &b.Items[i]) {
		other := 0
		for other < len(b.Items) && !sameNode(&a.Items[i], &b.Items[other]) {
			other += 2
		}
		return other < len(b.Items) && sameNode(&a.Items[i+1], &b.Items[other+1])
	}
	return sameNode(&a.Items[i+1], &b.Items[i+1])
}

func isString(n *tree.Node) bool { return n.Quoted || tree.TypeOf(n.Text) == tree.String }

// commentsOf returns what all comments say, sorted.
func commentsOf(documents []*document) []string {
	var all []string
	for _, d := range documents {
		all = append(all, texts(d.head)...)
		if d.root != nil {
			all = append(all, d.root.value.comments()...)
		}
		all = append(all, texts(d.foot)...)
	}
	slices.Sort(all)
	return all
}

func (v *value) comments() []string {
	var all []string
	for _, e := range v.entries {
		all = append(all, texts(e.head)...)
		all = append(all, e.beside...)
		all = append(all, e.value.comments()...)
		all = append(all, texts(e.foot)...)
	}
	return all
}
