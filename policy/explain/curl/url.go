package curl

import (
	"net/url"
	"strings"
)

// A location is what of a URL a request has.
type location struct{ host, target string }

// parse reads a URL as curl does, but for what curl would change on the way.
func (r *reader) parse(w word) (location, error) {
	scheme, rest, ok := strings.Cut(w.text, "://")
	if !ok {
		scheme, rest = "http", w.text
	}
	if s := strings.ToLower(scheme); s != "http" && s != "https" {
		return location{}, r.fail(w, "the scheme of a request is http or https")
	}
	rest, _, _ = strings.Cut(rest, "#")
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	l := location{rest[:end], rest[end:]}
	switch {
	case strings.Contains(l.host, "@"):
		return location{}, r.fail(w, "there is a password in the URL: "+refusal("user"))
	case l.host == "":
		return location{}, r.fail(w, "the URL has no host")
	case strings.ContainsFunc(w.text, func(c rune) bool { return c == ' ' || c == '\t' || isControl(c) }):
		return location{}, r.fail(w, "a URL has no spaces and no control characters: write %20 for a space")
	case !r.globoff && (strings.ContainsAny(rest, "{}") || strings.ContainsAny(l.target, "[]")):
		return location{}, r.fail(w, "curl takes {…} and […] for several URLs: write one, or give -g")
	}
	path, query, asked := strings.Cut(l.target, "?")
	if path == "" {
		path = "/"
	}
	if !r.asIs && hasDots(path) {
		return location{}, r.fail(w, "curl takes dot segments out of a path: write the path without them, or give --path-as-is")
	}
	query, err := r.withData(query)
	if err != nil {
		return location{}, err
	}
	if l.target = path; asked || query != "" {
		l.target += "?" + query
	}
	return l, nil
}

// hasDots says that a path has a dot segment, in any encoding.
func hasDots(path string) bool {
	for segment := range strings.SplitSeq(strings.ToLower(path), "/") {
		if s := strings.ReplaceAll(segment, "%2e", "."); s == "." || s == ".." {
			return true
		}
	}
	return false
}

const inFile = "this part of the query is in a file, which is not read: write it out"

// withData adds to a query what -G and --url-query put there.
func (r *reader) withData(query string) (string, error) {
	var parts []string
	if query != "" {
		parts = append(parts, query)
	}
	for _, d := range r.data {
		if !r.get {
			break
		}
		if strings.HasPrefix(d.text, "@") {
			return "", r.fail(d, inFile)
		}
		parts = append(parts, d.text)
	}
	for _, q := range r.query {
		text, verbatim := strings.CutPrefix(q.text, "+")
		if !verbatim {
			text = encoded(text)
		}
		if strings.HasPrefix(text, "@") {
			return "", r.fail(q, inFile)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "&"), nil
}

// encoded is what --data-urlencode makes of name=content, =content and content. What is in a file
// begins with @.
func encoded(text string) string {
	name, content, ok := strings.Cut(text, "=")
	switch {
	case !ok && strings.Contains(text, "@"):
		return "@"
	case !ok:
		return escape(text)
	case name == "":
		return escape(content)
	}
	return name + "=" + escape(content)
}

// escape writes a space as curl does, %20.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
