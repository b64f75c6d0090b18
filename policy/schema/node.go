package schema

import (
	"bytes"
	"encoding/json"
)

// A node is a schema: the keywords that are used here, in the order in which they are written.
type node struct {
	Dialect     string            `json:"$schema,omitempty"`
	Ref         string            `json:"$ref,omitempty"`
	Title       string            `json:"title,omitempty"`
	Description string            `json:"description,omitempty"`
	Markdown    string            `json:"markdownDescription,omitempty"` // what editors show in its place
	Type        string            `json:"type,omitempty"`
	Const       json.RawMessage   `json:"const,omitempty"`
	Enum        []json.RawMessage `json:"enum,omitempty"`
	Format      string            `json:"format,omitempty"`
	Pattern     string            `json:"pattern,omitempty"`
	MinLength   int               `json:"minLength,omitempty"`
	MaxLength   int               `json:"maxLength,omitempty"`
	Minimum     *int              `json:"minimum,omitempty"`
	Maximum     *int              `json:"maximum,omitempty"`
	Default     json.RawMessage   `json:"default,omitempty"`
	Examples    []string          `json:"examples,omitempty"`

	Items       *node `json:"items,omitempty"`
	MinItems    int   `json:"minItems,omitempty"`
	MaxItems    int   `json:"maxItems,omitempty"`
	UniqueItems bool  `json:"uniqueItems,omitempty"`

	Properties           properties          `json:"properties,omitempty"`
	Required             []string            `json:"required,omitempty"`
	MinProperties        int                 `json:"minProperties,omitempty"`
	PropertyNames        *node               `json:"propertyNames,omitempty"`
	AdditionalProperties *node               `json:"additionalProperties,omitempty"`
	DependentRequired    map[string][]string `json:"dependentRequired,omitempty"`

	AllOf []*node `json:"allOf,omitempty"`
	AnyOf []*node `json:"anyOf,omitempty"`
	OneOf []*node `json:"oneOf,omitempty"`
	Not   *node   `json:"not,omitempty"`
	If    *node   `json:"if,omitempty"`
	Then  *node   `json:"then,omitempty"`
	Else  *node   `json:"else,omitempty"`

	PreserveUnknown bool       `json:"x-kubernetes-preserve-unknown-fields,omitempty"`
	Defs            properties `json:"$defs,omitempty"`
}

// never is the schema that takes nothing.
var never = &node{}

// MarshalJSON writes never as false, which editors explain better than a schema that cannot be met.
func (n *node) MarshalJSON() ([]byte, error) {
	if n == never {
		return []byte("false"), nil
	}
	type plain node
	return marshal((*plain)(n))
}

// mustEncode returns a schema as indented JSON that ends with a newline.
func (n *node) mustEncode() []byte {
	var b bytes.Buffer
	text, err := marshal(n)
	if err == nil {
		err = json.Indent(&b, text, "", "  ")
	}
	if err != nil {
		panic(err) // nodes are made of strings and numbers
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// marshal is json.Marshal without escapes for HTML, which this is not.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// properties are schemas by name, in an order that is kept: editors propose fields in it.
type properties []property

type property struct {
	name   string
	schema *node
}

// of returns the schema of a name that is there.
func (p properties) of(name string) *node {
	for _, one := range p {
		if one.name == name {
			return one.schema
		}
	}
	return nil
}

func (p properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, one := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		schema, err := marshal(one.schema)
		if err != nil {
			return nil, err
		}
		b.Write(mustValue(one.name))
		b.WriteByte(':')
		b.Write(schema)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// mustValue is a string as JSON.
func mustValue(s string) json.RawMessage {
	text, err := marshal(s)
	if err != nil {
		panic(err) // no string fails
	}
	return text
}

func values(all ...string) []json.RawMessage {
	list := make([]json.RawMessage, len(all))
	for i, s := range all {
		list[i] = mustValue(s)
	}
	return list
}
