package grammar

// A Grammar is everything that a document of one API version may hold.
type Grammar struct {
	APIVersion string
	Document   *Object // what stands at the top of every document; its spec is of one of the kinds
	Kinds      []Kind  // in the order in which errors and pages name them
}

// A Kind is one kind of document.
type Kind struct {
	Name      string
	Namespace Need // whether metadata.namespace is there
	Spec      *Object
}

// Need says whether something is there. The zero Need is Optional.
type Need uint8

// The needs.
const (
	Optional Need = iota
	Required
	Refused
)

// An Object is a mapping whose fields are known. Every other field is an error.
type Object struct {
	What    string // as errors name it: "a route"
	Says    string
	Fields  []Field  // in the order in which they are written
	Choices []Choice // no field is in two of them
	Some    []string // of these fields at least one is there; none: there may be none
}

// A Field is one field of an object.
type Field struct {
	Name    string
	Says    string
	Need    Need     // Required, or Optional
	Default string   // what is meant when it is left out, as it would be written; "" for none
	With    []string // the fields that must be there beside it
	Value   Value
}

// A Choice is among several fields, of which exactly one is there, or at most one.
type Choice struct {
	Fields []string
	Need   Need // Required: exactly one. Optional: at most one
}

// A Value is what may stand behind a field. It is a scalar, a list or a mapping, or any of those
// that are set: no more than one of Object and Map is, so what stands there says which it is. The
// zero Value is anything.
type Value struct {
	Scalar *Scalar
	List   *List
	Object *Object
	Map    *Map
}

// A List has items of one sort.
type List struct {
	Of     Value
	Least  int  // how many items there are at least
	Most   int  // 0: no limit of its own
	Unique bool // no item stands there twice
}

// A Map is a mapping whose names the writer chooses.
type Map struct {
	Name  *Scalar
	Of    Value
	Least int // how many names there are at least
}

// A Scalar is one value without parts.
type Scalar struct {
	Form     Form
	Pattern  string   // of a Text, in what RE2 and ECMA 262 have in common; "" for any. It may take more than is read
	Enum     []string // of a Text, all there are; nil for any
	Examples []string // of a Text, some that are usual
	Longest  int      // of a Text, in bytes
	Empty    bool     // a Text may be empty
	Least    int      // of an Integer
	Most     int      // of an Integer
}

// A Form is what a scalar is.
type Form uint8

// The forms of scalars. Text in a document is a string for every version of YAML: what reads as
// something else stands in quotes.
const (
	Text     Form = iota
	Integer       // in decimal digits
	Boolean       // true or false
	True          // true alone
	Duration      // as Go writes it: 1h30m
	Time          // RFC 3339, with a zone
)
