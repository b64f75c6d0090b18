package keys

import "net/http"

// maxETag bounds an entity tag that is kept, in bytes.
const maxETag = 256

// A page is the last answer of one URL, kept so that the next request may ask for it only if it
// has changed: RFC 9110 section 13.1.2. The zero page asks for everything.
type page struct {
	url, etag string
	body      []byte // at most jose.MaxKeySet bytes; nil without an etag
}

// ask makes a request for from conditional, when the page is that URL's.
func (p *page) ask(req *http.Request, from string) (conditional bool) {
	if p.etag == "" || p.url != from {
		return false
	}
	req.Header.Set("If-None-Match", p.etag)
	return true
}

// keep notes an answer; without a sound entity tag, that there is nothing to ask with.
func (p *page) keep(from string, header http.Header, body []byte) {
	*p = page{}
	if tags := header.Values("ETag"); len(tags) == 1 && isETag(tags[0]) {
		*p = page{url: from, etag: tags[0], body: body}
	}
}

// isETag says whether s is an entity-tag (RFC 9110 section 8.8.3) of visible ASCII that is short
// enough to be sent back.
func isETag(s string) bool {
	if len(s) > maxETag {
		return false
	}
	if len(s) > 2 && s[:2] == "W/" {
		s = s[2:]
	}
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return false
	}
	for _, c := range []byte(s[1 : len(s)-1]) {
		if c <= ' ' || c > '~' || c == '"' {
			return false
		}
	}
	return true
}
