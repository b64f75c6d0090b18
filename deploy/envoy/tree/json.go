package tree

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// JSON returns the node as indented JSON that Envoy reads alike. The order of fields is kept.
func (n *Node) JSON() []byte {
	var compact, out bytes.Buffer
	n.writeJSON(&compact)
	if err := json.Indent(&out, compact.Bytes(), "", "  "); err != nil {
		return compact.Bytes()
	}
	out.WriteByte('\n')
	return out.Bytes()
}

func (n *Node) writeJSON(b *bytes.Buffer) {
	switch {
	case n == nil || n.kind == nullKind:
		b.WriteString("null")
	case n.kind == mapKind:
		n.writeAll(b, '{', '}')
	case n.kind == listKind:
		n.writeAll(b, '[', ']')
	default:
		b.Write(n.scalarJSON())
	}
}

func (n *Node) writeAll(b *bytes.Buffer, open, end byte) {
	b.WriteByte(open)
	for i, child := range n.children {
		if i > 0 {
			b.WriteByte(',')
		}
		if n.kind == mapKind {
			b.Write(quoted(child.key))
			b.WriteByte(':')
		}
		child.writeJSON(b)
	}
	b.WriteByte(end)
}

func (n *Node) scalarJSON() []byte {
	if !n.quoted {
		if value, known := n.Bool(); known {
			return strconv.AppendBool(nil, value)
		}
		if _, known := n.Number(); known && json.Valid([]byte(n.text)) {
			return []byte(n.text)
		}
	}
	return quoted(n.text)
}

// quoted never fails: bytes that are not UTF-8 cannot come out of the YAML parser.
func quoted(s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		return []byte(`""`)
	}
	return text
}
