package tree

import "iter"

// A Kind is what a Node is.
type Kind uint8

// The kinds. The zero Kind is a value that was left out.
const (
	Nothing Kind = iota
	Scalar
	List
	Mapping
)

// A Node is one value of a document.
type Node struct {
	Kind   Kind
	Quoted bool // of a scalar: in quotes or a block, so it is a string whatever it looks like
	Line   int32
	Column int32
	Text   string // of a scalar: its value. It shares memory with the document
	Items  []Node // of a list; of a mapping its keys and values in turn
}

// Fields goes through a mapping's keys, which are scalars that differ, and their values.
func (n *Node) Fields() iter.Seq2[*Node, *Node] {
	return func(yield func(key, value *Node) bool) {
		for i := 0; n.Kind == Mapping && i+1 < len(n.Items); i += 2 {
			if !yield(&n.Items[i], &n.Items[i+1]) {
				return
			}
		}
	}
}

// A Fault is what keeps a text from being read.
type Fault struct {
	Line    int
	Column  int
	Message string // says what is wrong and what to write instead
}

func (f *Fault) Error() string { return f.Message }
