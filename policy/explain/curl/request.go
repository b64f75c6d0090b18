package curl

import "strings"

// request puts together what was gathered.
func (r *reader) request() (Request, error) {
	switch {
	case len(r.urls) == 0:
		return Request{}, errorAt(r.line, 0, "the command has no URL")
	case len(r.urls) > 1:
		return Request{}, r.fail(r.urls[1], "a second URL: give one, and put a value with spaces in quotes")
	}
	u, err := r.parse(r.urls[0])
	if err != nil {
		return Request{}, err
	}
	q := Request{Method: r.verb(), Host: u.host, Target: u.target, HTTP2: r.http2, Certificate: r.cert}
	if r.target != "" {
		q.Target = r.target
	}
	r.defaults()
	for _, h := range r.headers {
		if h.Name == "host" {
			q.Host = h.Value
			continue
		}
		q.Headers = append(q.Headers, h)
	}
	return q, nil
}

func (r *reader) verb() string {
	switch {
	case r.method != "":
		return r.method
	case r.head:
		return "HEAD"
	case r.upload:
		return "PUT"
	case r.body && !r.get:
		return "POST"
	default:
		return "GET"
	}
}

// defaults adds the headers that curl makes of its other options, or by itself.
func (r *reader) defaults() {
	if len(r.cookies) > 0 {
		r.set("cookie", strings.Join(r.cookies, "; "))
	}
	if r.bearer != "" {
		r.add("authorization", "Bearer "+r.bearer)
	}
	if r.packed {
		r.add("accept-encoding", "deflate, gzip, br, zstd")
	}
	switch {
	case r.json:
		r.add("content-type", "application/json")
		r.add("accept", "application/json")
	case r.form:
		r.add("content-type", "multipart/form-data")
	case r.body && !r.get:
		r.add("content-type", "application/x-www-form-urlencoded")
	}
	r.add("accept", "*/*")
}
