package claims

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/identity/reason"
)

// What absence means: an error, or that the claim is empty.
const (
	Required = true
	Optional = false
)

// Fields are claims that are taken out of a claim set one by one. The first error is kept, so that
// whoever reads does so in straight lines and asks once. The zero Fields are of an empty claim set.
type Fields struct {
	claims map[string]any
	below  []string // what leads to claims, for errors
	err    error    // a *reason.Error
}

// Of returns the Fields of a claim set, in which numbers are json.Number.
func Of(set map[string]any) *Fields { return &Fields{claims: set} }

// Err returns the first error, a *reason.Error with TokenClaims; nil when all that was read is good.
func (f *Fields) Err() error { return f.err }

// fail notes what is wrong with the claim that path names: names from the configuration or
// the specification, never from the token.
func (f *Fields) fail(path []string, err error) {
	if f.err == nil {
		f.err = reason.Errorf(reason.TokenClaims, "%s %w", strings.Join(slices.Concat(f.below, path), "."), err)
	}
}

// get returns the claim and whether it is there.
func (f *Fields) get(path []string, need bool) (any, bool) {
	v, err := at(f.claims, path)
	if err == nil {
		return v, true
	}
	if need || !errors.Is(err, errAbsent) {
		f.fail(path, err)
	}
	return nil, false
}

// Text returns the claim to which a path of member names leads, which is one text; "" when it is absent.
func (f *Fields) Text(need bool, path ...string) string {
	v, ok := f.get(path, need)
	if !ok {
		return ""
	}
	s, err := text(v)
	if err != nil {
		f.fail(path, err)
	}
	return s
}

// words returns a claim that is words or a list; nil for the path nil.
func (f *Fields) words(path []string) []string {
	if path == nil {
		return nil
	}
	v, ok := f.get(path, Optional)
	if !ok {
		return nil
	}
	list, err := words(v)
	if err != nil {
		f.fail(path, err)
	}
	return list
}

// list returns a claim that is an array of strings.
func (f *Fields) list(name string) []string {
	v, ok := f.get([]string{name}, Optional)
	if !ok {
		return nil
	}
	list, err := texts(v)
	if err != nil {
		f.fail([]string{name}, err)
	}
	return list
}

func (f *Fields) audiences() []string {
	v, ok := f.get([]string{"aud"}, Required)
	if !ok {
		return nil
	}
	list, err := oneOrMore(v)
	if err != nil {
		f.fail([]string{"aud"}, err)
	}
	return list
}

// Time returns a claim that is a time, rounded down to the second; zero when it is absent.
func (f *Fields) Time(need bool, name string) time.Time { return f.seconds(name, need, false) }

// TimeUp is Time, rounded up.
func (f *Fields) TimeUp(need bool, name string) time.Time { return f.seconds(name, need, true) }

func (f *Fields) seconds(name string, need, up bool) time.Time {
	v, ok := f.get([]string{name}, need)
	if !ok {
		return time.Time{}
	}
	t, err := seconds(v, up)
	if err != nil {
		f.fail([]string{name}, err)
	}
	return t
}
