// Package form reads the parameters of a request strictly: each one known, each at most once,
// all of them together bounded.
package form

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// maxBytes bounds a query and a body each.
const maxBytes = 16 << 10

// Values are the parameters of one request. One without a value counts as absent (RFC 6749
// section 3.1).
type Values struct {
	values url.Values
}

// Query reads the query of r, which may hold these parameters and no other.
func Query(r *http.Request, known ...string) (Values, error) {
	return parse(r.URL.RawQuery, known)
}

// Body reads the body of r as application/x-www-form-urlencoded. There may be no query beside
// it.
func Body(r *http.Request, known ...string) (Values, error) {
	if r.URL.RawQuery != "" {
		return Values{}, fmt.Errorf("parameters belong into the body")
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return Values{}, fmt.Errorf("the body must be application/x-www-form-urlencoded")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBytes+1))
	if err != nil {
		return Values{}, fmt.Errorf("the body cannot be read")
	}
	return parse(string(body), known)
}

func parse(raw string, known []string) (Values, error) {
	if len(raw) > maxBytes {
		return Values{}, fmt.Errorf("more than %d bytes of parameters", maxBytes)
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return Values{}, fmt.Errorf("the parameters are not form-encoded")
	}
	for name, all := range values {
		if !slices.Contains(known, name) {
			return Values{}, fmt.Errorf("unknown parameter %q; known are %q", name, known)
		}
		if len(all) > 1 {
			return Values{}, fmt.Errorf("parameter %q is there %d times", name, len(all))
		}
	}
	return Values{values: values}, nil
}

// Get returns a parameter, "" when it is absent.
func (v Values) Get(name string) string { return v.values.Get(name) }

// Duration returns a parameter such as 90s or 5m within [least, most], and fallback when it is
// absent.
func (v Values) Duration(name string, fallback, least, most time.Duration) (time.Duration, error) {
	text := v.Get(name)
	if text == "" {
		return fallback, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("parameter %q is not a duration such as 90s", name)
	}
	if d < least || d > most {
		return 0, fmt.Errorf("parameter %q must be between %v and %v", name, least, most)
	}
	return d, nil
}
