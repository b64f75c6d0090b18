package assertion

import (
	"strconv"
	"unicode/utf8"
)

// A writer writes JSON (RFC 8259) in the order in which it is told. What is empty is left out.
// After a fault it writes nothing more.
type writer struct {
	json []byte
	err  error
}

// name begins a member, or with "" an item.
func (w *writer) name(name string) {
	if n := len(w.json); n > 0 && w.json[n-1] != '{' && w.json[n-1] != '[' {
		w.json = append(w.json, ',')
	}
	if name != "" {
		w.json = append(append(append(w.json, '"'), name...), `":`...)
	}
}

func (w *writer) open(name string) {
	w.name(name)
	w.json = append(w.json, '{')
}

func (w *writer) list(name string) {
	w.name(name)
	w.json = append(w.json, '[')
}

func (w *writer) close(with byte) { w.json = append(w.json, with) }

func (w *writer) number(name string, n int64) {
	w.name(name)
	w.json = strconv.AppendInt(w.json, n, 10)
}

func (w *writer) yes(name string) {
	w.name(name)
	w.json = append(w.json, "true"...)
}

func (w *writer) text(name, value string) {
	if value == "" {
		return
	}
	w.name(name)
	w.quote(value)
}

func (w *writer) texts(name string, values []string) {
	if len(values) == 0 {
		return
	}
	w.list(name)
	for _, v := range values {
		w.name("")
		w.quote(v)
	}
	w.close(']')
}

// quote writes a string. What is too long is not even begun: a credential may be long, and the
// whole assertion may not.
func (w *writer) quote(s string) {
	switch {
	case w.err != nil:
		return
	case len(w.json)+len(s) > MaxSize:
		w.err = ErrTooLarge
		return
	case !utf8.ValidString(s):
		w.err = ErrNotText
		return
	}
	const hex = "0123456789abcdef"
	w.json = append(w.json, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			w.json = append(w.json, '\\', c)
		case c < ' ':
			w.json = append(w.json, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			w.json = append(w.json, c)
		}
	}
	w.json = append(w.json, '"')
}
