package tree

import (
	"strconv"
	"strings"
)

type kind uint8

const (
	nullKind kind = iota
	scalarKind
	mapKind
	listKind
)

// A Node is one value of a configuration. A nil Node is an absent one.
type Node struct {
	kind         kind
	key          string // in the parent, as it was written; "" in a list
	index        int    // in the parent, when that is a list
	line, column int
	text         string // of a scalar
	quoted       bool
	children     []*Node // in order
	byName       map[string]*Node
	parent       *Node
}

// Get follows field names from a node down. The result is nil when one is absent or null.
func (n *Node) Get(names ...string) *Node {
	for _, name := range names {
		if n == nil {
			return nil
		}
		n = n.byName[canonical(name)]
	}
	if n == nil || n.kind == nullKind {
		return nil
	}
	return n
}

// List returns the elements of a list.
func (n *Node) List() []*Node {
	if n == nil || n.kind != listKind {
		return nil
	}
	return n.children
}

// Fields returns the values of a mapping; Key is the name of each.
func (n *Node) Fields() []*Node {
	if n == nil || n.kind != mapKind {
		return nil
	}
	return n.children
}

// Key returns the name under which the node stands in a mapping, as it was written.
func (n *Node) Key() string {
	if n == nil {
		return ""
	}
	return n.key
}

// Named says that the node stands in a mapping under this field name, in any spelling.
func (n *Node) Named(name string) bool {
	return n != nil && n.key != "" && canonical(n.key) == canonical(name)
}

// Parent returns the mapping or list that the node stands in; nil for the whole document.
func (n *Node) Parent() *Node {
	if n == nil {
		return nil
	}
	return n.parent
}

// Walk calls visit for the node and everything below it, parents first.
func (n *Node) Walk(visit func(*Node)) {
	if n == nil {
		return
	}
	visit(n)
	for _, child := range n.children {
		child.Walk(visit)
	}
}

// Position returns the line and column, from 1, where the value begins.
func (n *Node) Position() (line, column int) {
	if n == nil {
		return 0, 0
	}
	return n.line, n.column
}

// Path returns the way from the top: static_resources.listeners[0].name. Names that hold dots
// are quoted.
func (n *Node) Path() string {
	if n == nil || n.parent == nil {
		return ""
	}
	if n.parent.kind == listKind {
		return n.parent.Path() + "[" + strconv.Itoa(n.index) + "]"
	}
	if strings.ContainsAny(n.key, ".[]\" ") {
		return n.parent.Path() + "[" + strconv.Quote(n.key) + "]"
	}
	return strings.TrimPrefix(n.parent.Path()+"."+n.key, ".")
}
