package curl

import (
	"path"
	"strings"
)

// A Request is what curl would send.
type Request struct {
	Method  string
	Host    string // the authority, with a port when there is one
	Target  string // path and query, in origin form
	Headers []Header
	HTTP2   bool // the line asks for it

	// Certificate says that curl would present a client certificate, of whom is not known.
	Certificate bool
}

// A Header is one header field: a name in lower case, as HTTP/2 has it, and a value.
type Header struct{ Name, Value string }

// Parse reads a command line. The error is an *Error.
func Parse(line string) (Request, error) {
	words, fault := split(line)
	if fault != nil {
		return Request{}, fault
	}
	if len(words) > 1 && words[0].text == "$" { // the prompt, in documentation
		words = words[1:]
	}
	if len(words) == 0 || strings.TrimSuffix(path.Base(words[0].text), ".exe") != "curl" {
		return Request{}, errorAt(line, 0, "a command begins with curl")
	}
	r := &reader{line: line, removed: map[string]bool{}}
	if err := r.words(words[1:]); err != nil {
		return Request{}, err
	}
	q, err := r.request()
	if err != nil {
		return Request{}, err
	}
	return q, nil
}

// A reader gathers what the options say.
type reader struct {
	line    string
	method  string
	urls    []word
	target  string
	headers []Header
	removed map[string]bool // headers that curl is told not to add
	cookies []string
	data    []word // what -G puts into the query
	form    bool
	json    bool
	body    bool
	upload  bool
	get     bool
	head    bool
	http2   bool
	asIs    bool
	globoff bool
	cert    bool
	packed  bool
	bearer  string
	query   []word
}

func (r *reader) fail(w word, message string) error { return errorAt(r.line, w.at, message) }

// words reads every option and URL.
func (r *reader) words(all []word) error {
	for i := 0; i < len(all); i++ {
		w := all[i]
		switch {
		case w.text == "--":
			r.urls = append(r.urls, all[i+1:]...)
			return nil
		case strings.HasPrefix(w.text, "--"):
			used, err := r.long(w, all[i+1:])
			if err != nil {
				return err
			}
			i += used
		case len(w.text) > 1 && w.text[0] == '-':
			used, err := r.short(w, all[i+1:])
			if err != nil {
				return err
			}
			i += used
		default:
			r.urls = append(r.urls, w)
		}
	}
	return nil
}

// long reads --name, and returns how many of the words behind it belong to it.
func (r *reader) long(w word, behind []word) (used int, _ error) {
	if name, _, joined := strings.Cut(w.text[2:], "="); joined && find(name).use != unknown {
		w.text = "--" + name // without the value, which may be a secret
		if err := r.known(w, find(name)); err != nil {
			return 0, err
		}
		return 0, r.fail(w, w.text+": curl wants a value as a word of its own: write a space and not =")
	}
	o := find(w.text[2:])
	if o.use == unknown && strings.HasPrefix(o.name, "no-") {
		if other := find(o.name[3:]); other.use == nothing && !other.value {
			return 0, nil
		}
	}
	if err := r.known(w, o); err != nil {
		return 0, err
	}
	if !o.value {
		return 0, r.take(o.name, w)
	}
	if len(behind) == 0 {
		return 0, r.fail(w, w.text+" needs a value")
	}
	return 1, r.take(o.name, behind[0])
}

// short reads -sSL, -XPOST and the like.
func (r *reader) short(w word, behind []word) (used int, _ error) {
	for i := 1; i < len(w.text); i++ {
		name := longName(w.text[i])
		o := find(name)
		at := word{"-" + string(w.text[i]), w.at}
		if err := r.known(at, o); err != nil {
			return 0, err
		}
		switch rest := w.text[i+1:]; {
		case !o.value:
			if err := r.take(name, at); err != nil {
				return 0, err
			}
		case rest != "":
			return 0, r.take(name, word{rest, w.at})
		case len(behind) == 0:
			return 0, r.fail(at, at.text+" needs a value")
		default:
			return 1, r.take(name, behind[0])
		}
	}
	return 0, nil
}

// unknownOption does not repeat the option: a secret may stand in one word with it.
const unknownOption = "this option is not known here: leave it out if it changes nothing in the request"

func (r *reader) known(w word, o option) error {
	switch o.use {
	case unknown:
		return r.fail(w, unknownOption)
	case refused:
		return r.fail(w, w.text+": "+refusal(o.name))
	case shapes, nothing:
	}
	return nil
}
