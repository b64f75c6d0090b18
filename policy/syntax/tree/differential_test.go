package tree_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/postern/postern/policy/syntax/tree"
	"go.yaml.in/yaml/v3"
)

// compare holds the promise of the package: what it accepts, another reader of YAML accepts
// too, and reads the same values at the same places.
func compare(t *testing.T, text []byte) (accepted bool) {
	t.Helper()
	parts, faults := tree.Split(text)
	if len(faults) > 0 {
		if parts != nil {
			t.Fatal("parts beside a fault")
		}
		return false
	}
	accepted = len(parts) > 0
	for _, p := range parts {
		node, faults := tree.Read(p)
		if node == nil && len(faults) == 0 {
			t.Fatal("no node and no fault")
		}
		for _, fault := range faults {
			checkPlace(t, text, fault)
		}
		if len(faults) > 0 {
			accepted = false
			continue
		}
		other, err := readOther(p.Text)
		if err != nil {
			t.Fatalf("%q is accepted, but elsewhere: %v", p.Text, err)
		}
		c := comparison{t: t, text: p.Text, lines: bytes.Split(p.Text, []byte("\n"))}
		first := bytes.Count(text[:bytes.Index(text, p.Text)], []byte("\n"))
		if int(node.Line) > first { // the same text may stand in a file twice
			c.first = int(node.Line) - other.Line
		}
		c.compare(node, other)
	}
	return accepted
}

func checkPlace(t *testing.T, text []byte, fault *tree.Fault) {
	t.Helper()
	lines := strings.Split(string(text), "\n")
	if fault.Line < 1 || fault.Line > len(lines) || fault.Column < 1 || fault.Column > len(lines[fault.Line-1])+1 {
		t.Fatalf("%q: a fault at %d:%d, which is no place in it: %v", text, fault.Line, fault.Column, fault)
	}
}

// readOther reads one document, and refuses more.
func readOther(text []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, more yaml.Node
	if err := decoder.Decode(&document); err != nil {
		return nil, err
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("more than one document: %w", err)
	}
	return document.Content[0], nil
}

type comparison struct {
	t     *testing.T
	text  []byte
	lines [][]byte
	first int // lines before the part
}

func (c *comparison) compare(got *tree.Node, want *yaml.Node) {
	c.t.Helper()
	kinds := map[yaml.Kind]tree.Kind{yaml.ScalarNode: tree.Scalar, yaml.SequenceNode: tree.List, yaml.MappingNode: tree.Mapping}
	nothing := got.Kind == tree.Nothing && want.Kind == yaml.ScalarNode && want.Value == "" && want.Tag == "!!null"
	if !nothing && got.Kind != kinds[want.Kind] {
		c.t.Fatalf("%q: kind %v, want %v (%q)", c.text, got.Kind, want.Kind, want.Value)
	}
	if want.Anchor != "" || want.Alias != nil || want.Style&yaml.TaggedStyle != 0 {
		c.t.Fatalf("%q: an anchor, an alias or a tag was accepted", c.text)
	}
	if !nothing {
		c.place(got, want)
	}
	if len(got.Items) != len(want.Content) {
		c.t.Fatalf("%q: %d items, want %d", c.text, len(got.Items), len(want.Content))
	}
	for i := range got.Items {
		c.compare(&got.Items[i], want.Content[i])
	}
	if got.Kind != tree.Scalar {
		return
	}
	plain := want.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	if got.Text != want.Value || got.Quoted == plain {
		c.t.Fatalf("%q: %q (quoted %v), want %q (plain %v)", c.text, got.Text, got.Quoted, want.Value, plain)
	}
	if plain && tree.TypeOf(got.Text) == tree.String && want.ShortTag() != "!!str" {
		c.t.Fatalf("%q: %q is a %s elsewhere", c.text, got.Text, want.ShortTag())
	}
}

// place compares positions: the other reader counts columns in characters.
func (c *comparison) place(got *tree.Node, want *yaml.Node) {
	c.t.Helper()
	line := string(c.lines[want.Line-1])
	column := 1
	for i := range line {
		if want.Column--; want.Column == 0 {
			column = i + 1
		}
	}
	if want.Column > 0 {
		column = len(line) + 1
	}
	if int(got.Line) != want.Line+c.first || int(got.Column) != column {
		c.t.Fatalf("%q: %q stands at %d:%d, want %d:%d", c.text, got.Text, got.Line, got.Column, want.Line+c.first, column)
	}
}

// fragments are what documents are made of, right or wrong.
var fragments = []string{
	"a", "b: ", "c:", "- ", "-", "\n", "\n", "\n  ", "\n    ", "\n ", " ", "[", "]", "{", "}", ", ", ",", ": ", ":", "#", " # d", "'", "''", "\"", "\\n", "\\",
	"|", ">", "|-", ">+", "?", "*", "&", "!", "%", "@", "---", "\n---\n", "~", "1", "é", "a: b", "- a", "[a, b]", "{a: b}", "a: [b]", "\"a\"", "'b'", "a: |\n  b",
}

// TestAgainstAnotherReader puts fragments together at random. Most documents are refused; enough
// are not.
func TestAgainstAnotherReader(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	count := 0
	for range 40_000 {
		var text bytes.Buffer
		for range 1 + random.IntN(12) {
			text.WriteString(fragments[random.IntN(len(fragments))])
		}
		if compare(t, text.Bytes()) {
			count++
		}
	}
	if count < 1_000 {
		t.Errorf("only %d documents were accepted", count)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range append(accepted, refusedTexts()...) {
		if len(s) < 10_000 {
			f.Add([]byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		compare(t, text)
	})
}
