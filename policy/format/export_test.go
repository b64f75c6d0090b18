package format

// LayOut is Source for any text that package tree reads.
func LayOut(text string) (string, bool) {
	formatted, ok := layOut([]byte(text))
	return string(formatted), ok
}

// A Remark is a comment, and what it is about.
type Remark struct {
	Place string // "above", "beside" or "below" with the keys that lead to an entry, "-" for an item; or "document" or "end"
	Text  string
}

// Remarks returns the comments of a text in their order.
func Remarks(text string) []Remark {
	documents, _ := read(text)
	r := remarks{}
	for _, d := range documents {
		r.add("document", texts(d.head))
		if d.root != nil {
			r.value(&d.root.value, "")
		}
		r.add("end", texts(d.foot))
	}
	return r.all
}

type remarks struct{ all []Remark }

func (r *remarks) add(place string, texts []string) {
	for _, text := range texts {
		r.all = append(r.all, Remark{place, text})
	}
}

func (r *remarks) value(v *value, path string) {
	for _, e := range v.entries {
		name := path + "/-"
		if e.key != nil {
			name = path + "/" + e.key.text
		}
		r.add("above "+name, texts(e.head))
		r.add("beside "+name, e.beside)
		r.value(&e.value, name)
		r.add("below "+name, texts(e.foot))
	}
}

// Same says whether two texts have the same values and comments, as layOut compares them.
func Same(a, b string) bool {
	before, ok := read(a)
	after, okToo := read(b)
	return ok && okToo && equal(before, after)
}
