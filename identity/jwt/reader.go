package jwt

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/identity/reason"
)

// What absence means.
const (
	required = true
	optional = false
)

// A reader takes claims out of a verified token. It keeps the first error, so that its user
// reads all claims in straight lines and asks once.
type reader struct {
	claims map[string]any
	below  []string // what leads to claims, for errors
	err    error    // a *reason.Error
}

// fail notes what is wrong with the claim that path names: names from the configuration or
// the specification, never from the token.
func (r *reader) fail(path []string, err error) {
	if r.err == nil {
		r.err = reason.Errorf(reason.TokenClaims, "%s %w", strings.Join(slices.Concat(r.below, path), "."), err)
	}
}

// get returns the claim and whether it is there.
func (r *reader) get(path []string, need bool) (any, bool) {
	v, err := at(r.claims, path)
	if err == nil {
		return v, true
	}
	if need || !errors.Is(err, errAbsent) {
		r.fail(path, err)
	}
	return nil, false
}

// text returns a claim that is one string; "" when it is absent.
func (r *reader) text(need bool, path ...string) string {
	v, ok := r.get(path, need)
	if !ok {
		return ""
	}
	s, err := text(v)
	if err != nil {
		r.fail(path, err)
	}
	return s
}

// words returns a claim that is words or a list; nil for the path nil.
func (r *reader) words(path []string) []string {
	if path == nil {
		return nil
	}
	v, ok := r.get(path, optional)
	if !ok {
		return nil
	}
	list, err := words(v)
	if err != nil {
		r.fail(path, err)
	}
	return list
}

// list returns a claim that is an array of strings.
func (r *reader) list(name string) []string {
	v, ok := r.get([]string{name}, optional)
	if !ok {
		return nil
	}
	list, err := texts(v)
	if err != nil {
		r.fail([]string{name}, err)
	}
	return list
}

func (r *reader) audiences() []string {
	v, ok := r.get([]string{"aud"}, required)
	if !ok {
		return nil
	}
	list, err := oneOrMore(v)
	if err != nil {
		r.fail([]string{"aud"}, err)
	}
	return list
}

// time returns a claim that is a time, rounded down; zero when it is absent.
func (r *reader) time(name string, need bool) time.Time { return r.seconds(name, need, false) }

// timeUp returns an optional claim that is a time, rounded up.
func (r *reader) timeUp(name string) time.Time { return r.seconds(name, optional, true) }

func (r *reader) seconds(name string, need, up bool) time.Time {
	v, ok := r.get([]string{name}, need)
	if !ok {
		return time.Time{}
	}
	t, err := seconds(v, up)
	if err != nil {
		r.fail([]string{name}, err)
	}
	return t
}
