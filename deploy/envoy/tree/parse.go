package tree

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// The bounds of what Parse reads.
const (
	MaxBytes    = 32 << 20  // a config_dump of a thousand listeners has about 10 MiB
	maxNodes    = 2_000_000 // that many fill MaxBytes in any configuration
	maxExpanded = 50_000    // of them through aliases
	maxDepth    = 100       // as deep as protobuf's JSON parser goes
)

// Parse reads one document. JSON is read as the YAML that it also is. An error names the line
// and column in the file called name.
func Parse(name string, text []byte) (*Node, error) {
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("%s: %d bytes: at most %d are read", name, len(text), MaxBytes)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	if err := decoder.Decode(&document); err != nil {
		return nil, fmt.Errorf("%s: %w", name, cleaned(err))
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: more than one document", name)
	}
	if len(document.Content) != 1 {
		return nil, fmt.Errorf("%s: the file is empty", name)
	}
	c := converter{name: name}
	root, err := c.convert(document.Content[0], nil, "", 0, 0)
	if err != nil {
		return nil, err
	}
	return root, nil
}

// cleaned takes the library's own name off its error.
func cleaned(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty")
	}
	return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
}

type converter struct {
	name     string
	nodes    int
	expanded int // nodes through aliases
	aliases  int // that we are inside of
}

func (c *converter) convert(y *yaml.Node, parent *Node, key string, index, depth int) (*Node, error) {
	if err := c.count(y, depth); err != nil {
		return nil, err
	}
	if y.Kind == yaml.AliasNode {
		c.aliases++
		defer func() { c.aliases-- }()
		return c.convert(y.Alias, parent, key, index, depth+1)
	}
	if y.Style&yaml.TaggedStyle != 0 {
		return nil, c.errorf(y, "the tag %s: Envoy may read it otherwise, write the value without", y.Tag)
	}
	n := &Node{parent: parent, key: key, index: index, line: y.Line, column: y.Column}
	switch y.Kind {
	case yaml.MappingNode:
		return n, c.mapping(n, y, depth)
	case yaml.SequenceNode:
		return n, c.sequence(n, y, depth)
	default:
		n.kind, n.text = scalarKind, y.Value
		n.quoted = y.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
		if !n.quoted && y.Tag == "!!null" {
			n.kind = nullKind
		}
		return n, nil
	}
}

// count keeps what is read within the bounds.
func (c *converter) count(y *yaml.Node, depth int) error {
	c.nodes++
	if c.aliases > 0 {
		c.expanded++
	}
	if c.nodes > maxNodes || c.expanded > maxExpanded || depth > maxDepth {
		return c.errorf(y, "too much or too deep: at most %d values, %d of them through aliases, %d levels", maxNodes, maxExpanded, maxDepth)
	}
	return nil
}

func (c *converter) mapping(n *Node, y *yaml.Node, depth int) error {
	n.kind, n.byName = mapKind, make(map[string]*Node, len(y.Content)/2)
	for i := 0; i < len(y.Content); i += 2 {
		key := y.Content[i]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			return c.errorf(key, "a key that is not a plain name (merge keys are not read)")
		}
		if other, ok := n.byName[canonical(key.Value)]; ok {
			return c.errorf(key, "%q is given twice: %s is on line %d", key.Value, other.key, other.line)
		}
		value, err := c.convert(y.Content[i+1], n, key.Value, 0, depth+1)
		if err != nil {
			return err
		}
		n.children = append(n.children, value)
		n.byName[canonical(key.Value)] = value
	}
	return nil
}

func (c *converter) sequence(n *Node, y *yaml.Node, depth int) error {
	n.kind = listKind
	for i, item := range y.Content {
		value, err := c.convert(item, n, "", i, depth+1)
		if err != nil {
			return err
		}
		n.children = append(n.children, value)
	}
	return nil
}

func (c *converter) errorf(y *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%s:%d:%d: %s", c.name, y.Line, y.Column, fmt.Sprintf(format, args...))
}

// canonical is one name for all the spellings of a protobuf field: protobuf's JSON knows
// snake_case and lowerCamelCase.
func canonical(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, "_", ""))
}
