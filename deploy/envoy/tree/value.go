package tree

import (
	"strconv"
	"strings"
	"time"
)

// Text returns a scalar as it was written, and "" for everything else.
func (n *Node) Text() string {
	if n == nil || n.kind != scalarKind {
		return ""
	}
	return n.text
}

// Bool reads a boolean; known is false when there is none. Envoy's YAML parser takes y, yes and
// on for true. A wrapped value ({value: true}) is read as well.
func (n *Node) Bool() (value, known bool) {
	n = n.unwrapped()
	switch strings.ToLower(n.Text()) {
	case "true":
		return true, true
	case "false":
		return false, true
	case "y", "yes", "on":
		return true, n.plain()
	case "n", "no", "off":
		return false, n.plain()
	}
	return false, false
}

// True says that the node is a boolean and true.
func (n *Node) True() bool {
	value, known := n.Bool()
	return known && value
}

// False says that the node is absent, or a boolean and false. What cannot be read is not False.
func (n *Node) False() bool {
	value, known := n.Bool()
	return n == nil || known && !value
}

// Number reads a decimal number, which protobuf's JSON also allows between quotes.
func (n *Node) Number() (value float64, known bool) {
	value, err := strconv.ParseFloat(n.unwrapped().Text(), 64)
	return value, err == nil
}

// Duration reads a duration in protobuf's JSON form: seconds with the suffix s.
func (n *Node) Duration() (value time.Duration, known bool) {
	text, ok := strings.CutSuffix(n.Text(), "s")
	if !ok || strings.ContainsAny(text, "nuµmhsi") {
		return 0, false
	}
	value, err := time.ParseDuration(text + "s")
	return value, err == nil
}

// Is says that the node is this value of an enum, by name or by number.
func (n *Node) Is(name string, number int) bool {
	return n.Text() == name || n.Text() == strconv.Itoa(number)
}

// Any returns the type and the value of a google.protobuf.Any: the type's full name, without
// type.googleapis.com/. A TypedStruct stands for what it holds.
func (n *Node) Any() (name string, value *Node) {
	name = afterSlash(n.Get("@type").Text())
	switch name {
	case "xds.type.v3.TypedStruct", "udpa.type.v1.TypedStruct":
		return afterSlash(n.Get("type_url").Text()), n.Get("value")
	}
	return name, n
}

func afterSlash(url string) string { return url[strings.LastIndex(url, "/")+1:] }

func (n *Node) plain() bool { return n != nil && !n.quoted }

// unwrapped returns the value inside a wrapper message that was written as one.
func (n *Node) unwrapped() *Node {
	if n != nil && n.kind == mapKind && len(n.children) == 1 {
		return n.Get("value")
	}
	return n
}
