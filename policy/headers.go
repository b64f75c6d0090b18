package policy

// A Header is one header field of a request: a lower-case name and a value as sent.
type Header struct{ Name, Value string }

// Headers are the header fields of a request. The zero Headers has none.
type Headers struct {
	fields []Header
	joined bool
}

// NewHeaders returns headers of these fields, which must not be modified afterwards. joined
// says that a field that was sent more than once is here once, its values joined by commas,
// so that a comma in a value is ambiguous.
func NewHeaders(fields []Header, joined bool) Headers { return Headers{fields, joined} }

// Joined says that repeated fields were joined by commas.
func (h Headers) Joined() bool { return h.joined }

// Values returns the values of every field of this name, in order; none when it is absent.
func (h Headers) Values(name string) []string { return h.appendValues(nil, name) }

// appendValues is Values with memory.
func (h Headers) appendValues(values []string, name string) []string {
	for i := range h.fields {
		if h.fields[i].Name == name {
			values = append(values, h.fields[i].Value)
		}
	}
	return values
}

// First returns the first value of this name, and how many there are.
func (h Headers) First(name string) (value string, n int) {
	for i := range h.fields {
		if h.fields[i].Name != name {
			continue
		}
		if n++; n == 1 {
			value = h.fields[i].Value
		}
	}
	return value, n
}
