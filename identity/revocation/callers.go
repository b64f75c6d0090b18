package revocation

import (
	"strings"
	"time"
)

// scheme is what every SPIFFE ID begins with (SPIFFE-ID section 2).
const scheme = "spiffe://"

// The segments of a pattern that are none of an ID.
const (
	one  = "*"
	many = "**"
)

// callers is the patterns of one trust domain: those without a wildcard by themselves, the others
// as a trie of segments, so that many cost no more than few.
type callers struct {
	exact map[string]*Entry
	wild  *node // nil: none
}

// A node of the trie is reached by the segments before it.
type node struct {
	next map[string]*node // by segment
	any  *node            // by any one segment
	end  *Entry           // of the patterns that end here
	rest *Entry           // of those that end in ** behind this
}

// add takes in a pattern of this trust domain, which was checked; segments are those of its path.
func (c *callers) add(pattern string, segments []string, wild bool, e *Entry) {
	if !wild {
		c.exact[pattern] = later(c.exact[pattern], e)
		return
	}
	if c.wild == nil {
		c.wild = &node{}
	}
	at := c.wild
	for _, segment := range segments {
		if segment == many {
			at.rest = later(at.rest, e)
			return
		}
		at = at.behind(segment)
	}
	at.end = later(at.end, e)
}

// behind returns the node behind a segment, which it makes.
func (n *node) behind(segment string) *node {
	if segment == one {
		if n.any == nil {
			n.any = &node{}
		}
		return n.any
	}
	if n.next == nil {
		n.next = map[string]*node{}
	}
	if n.next[segment] == nil {
		n.next[segment] = &node{}
	}
	return n.next[segment]
}

// find returns the entry that cuts off id, which is a valid SPIFFE ID of this trust domain.
func (c *callers) find(id string, now time.Time) *Entry {
	if c == nil {
		return nil
	}
	if e := c.exact[id]; e.Holds(now) {
		return e
	}
	if c.wild == nil {
		return nil
	}
	_, path, ok := strings.Cut(id[len(scheme):], "/")
	if !ok {
		return nil
	}
	return c.wild.find(path, now)
}

// find walks down by the segments of a path, which has at least one. It visits no node twice.
func (n *node) find(path string, now time.Time) *Entry {
	if n.rest.Holds(now) {
		return n.rest
	}
	segment, path, more := strings.Cut(path, "/")
	for _, next := range [...]*node{n.next[segment], n.any} {
		switch {
		case next == nil:
		case more:
			if e := next.find(path, now); e != nil {
				return e
			}
		case next.end.Holds(now):
			return next.end
		}
	}
	return nil
}
