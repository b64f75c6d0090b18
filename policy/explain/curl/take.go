package curl

import "strings"

// take takes in one option, whose value, if it has one, is v.
func (r *reader) take(name string, v word) error {
	switch name {
	case "request":
		r.method = v.text
	case "url":
		r.urls = append(r.urls, v)
	case "request-target":
		r.target = v.text
	case "header":
		return r.header(v)
	case "user-agent", "referer":
		return r.put(v, name, v.text)
	case "range":
		return r.put(v, name, "bytes="+v.text)
	case "oauth2-bearer":
		if strings.ContainsFunc(v.text, isControl) {
			return r.fail(v, noControls)
		}
		r.bearer = v.text
	case "cookie":
		switch {
		case !strings.Contains(v.text, "="):
			return r.fail(v, "-b names a file of cookies, which is not read: write name=value")
		case strings.ContainsFunc(v.text, isControl):
			return r.fail(v, noControls)
		}
		r.cookies = append(r.cookies, v.text)
	case "url-query":
		r.query = append(r.query, v)
	default:
		r.takeBody(name, v)
	}
	return nil
}

// takeBody takes in what says how a body is sent, and every switch.
func (r *reader) takeBody(name string, v word) {
	switch name {
	case "data", "data-ascii", "data-binary", "data-raw":
		r.body, r.data = true, append(r.data, v)
	case "data-urlencode":
		r.body, r.data = true, append(r.data, word{encoded(v.text), v.at})
	case "json":
		r.body, r.json, r.data = true, true, append(r.data, v)
	case "form", "form-string":
		r.body, r.form = true, true
	case "upload-file":
		r.upload = true
	case "get":
		r.get = true
	case "head":
		r.head = true
	case "http2", "http2-prior-knowledge":
		r.http2 = true
	case "http1.0", "http1.1":
		r.http2 = false
	case "path-as-is":
		r.asIs = true
	case "globoff":
		r.globoff = true
	case "compressed":
		r.packed = true
	case "cert":
		r.cert = true
	}
}

// header reads "Name: value"; "Name:" takes away what curl would add, and "Name;" has no value.
func (r *reader) header(v word) error {
	if strings.HasPrefix(v.text, "@") {
		return r.fail(v, "-H names a file of headers, which is not read: write them out")
	}
	name, value, ok := strings.Cut(v.text, ":")
	empty := false
	if !ok {
		name, empty = strings.CutSuffix(strings.Trim(v.text, blanks), ";")
	}
	name, value = strings.ToLower(strings.Trim(name, blanks)), strings.Trim(value, blanks)
	switch {
	case !ok && !empty || name == "" || strings.ContainsAny(name, blanks):
		return r.fail(v, "a header is written as Name: value")
	case !empty && value == "":
		r.removed[name] = true
		return nil
	}
	return r.put(v, name, value)
}

const (
	blanks     = " \t"
	noControls = "a header has one line, without control characters"
)

// put adds a header that the line names.
func (r *reader) put(v word, name, value string) error {
	value = strings.Trim(value, blanks)
	if strings.ContainsFunc(name+value, isControl) {
		return r.fail(v, noControls)
	}
	r.set(name, value)
	return nil
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

func (r *reader) set(name, value string) { r.headers = append(r.headers, Header{name, value}) }

func (r *reader) has(name string) bool {
	for _, h := range r.headers {
		if h.Name == name {
			return true
		}
	}
	return r.removed[name]
}

// add adds a header that curl adds by itself.
func (r *reader) add(name, value string) {
	if !r.has(name) {
		r.set(name, value)
	}
}
