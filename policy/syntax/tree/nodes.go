package tree

// maxNodes bounds the values and keys of one document. A policy of 10,000 rules has a quarter of
// that, and they take 56 bytes each.
const maxNodes = 1_000_000

// slabSize is how many nodes are allocated at once.
const slabSize = 512

// nodes collects the items of lists and mappings that are being read. Those of the innermost are
// on top; keep takes them off when they are complete. So no list grows in steps of its own.
type nodes struct {
	open  []Node
	slab  []Node
	count int
}

// top is where the items of the next list begin.
func (n *nodes) top() int { return len(n.open) }

// push says whether there is room for more.
func (n *nodes) push(items ...Node) bool {
	n.open = append(n.open, items...)
	n.count += len(items)
	return n.count <= maxNodes
}

// keep returns the items that were pushed since top was this, and takes them off.
func (n *nodes) keep(top int) []Node {
	items := n.open[top:]
	if len(items) == 0 {
		return nil
	}
	if len(items) > cap(n.slab)-len(n.slab) {
		n.slab = make([]Node, 0, max(slabSize, len(items)))
	}
	begin := len(n.slab)
	n.slab = append(n.slab, items...)
	n.open = n.open[:top]
	return n.slab[begin:len(n.slab):len(n.slab)]
}
