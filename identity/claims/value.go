package claims

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/identity"
)

// year3000 is the first second of the year 3000: no claim's time is in it.
const year3000 = 32_503_680_000

var (
	errAbsent = errors.New("is missing")
	errText   = fmt.Errorf("is not a string of 1 to %d bytes without control characters", identity.MaxText)
	errTime   = errors.New("is not a number of seconds after 1970 and before the year 3000")
	errList   = errors.New("is not an array of such strings")
	errObject = errors.New("is not an object")
)

// at returns what a path of member names leads to. An absent member on the way is absence.
func at(claims map[string]any, path []string) (any, error) {
	var v any = claims
	for _, name := range path {
		object, ok := v.(map[string]any)
		if !ok {
			return nil, errors.New("is below something that is not an object")
		}
		if v, ok = object[name]; !ok {
			return nil, errAbsent
		}
	}
	return v, nil
}

// text returns v when it is a string that is safe to keep, compare and show.
func text(v any) (string, error) {
	s, ok := v.(string)
	if !ok || s == "" || len(s) > identity.MaxText || hasControl(s) {
		return "", errText
	}
	return s, nil
}

// hasControl says whether a control character of ASCII or Latin-1 is in s. In UTF-8, those of Latin-1 are
// 0xc2 and a byte up to 0x9f.
func hasControl(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == 0x7f || c == 0xc2 && i+1 < len(s) && s[i+1] <= 0x9f {
			return true
		}
	}
	return false
}

// texts returns v when it is an array of strings.
func texts(v any) ([]string, error) {
	array, ok := v.([]any)
	if !ok {
		return nil, errList
	}
	list := make([]string, len(array))
	for i, e := range array {
		s, err := text(e)
		if err != nil {
			return nil, errList
		}
		list[i] = s
	}
	return list, nil
}

// oneOrMore returns v when it is one string or an array of at least one: RFC 7519 section 4.1.3.
func oneOrMore(v any) ([]string, error) {
	if s, err := text(v); err == nil {
		return []string{s}, nil
	}
	list, err := texts(v)
	if err == nil && len(list) == 0 {
		return nil, errors.New("is an empty array")
	}
	return list, err
}

// words returns v when it is a string of words with one space between two, or an array of
// strings: RFC 8693 section 4.2, and what is made of it. An empty string has no words.
func words(v any) ([]string, error) {
	s, ok := v.(string)
	switch {
	case !ok:
		return texts(v)
	case s == "":
		return nil, nil
	case len(s) > maxTotal || hasControl(s):
		return nil, errText
	}
	list := strings.Split(s, " ")
	if slices.Contains(list, "") {
		return nil, errors.New("has a space too many")
	}
	return list, nil
}

// maxTotal bounds a string of words, in bytes.
const maxTotal = 64 << 10

// isScope says whether s is a scope-token: RFC 6749 section 3.3. A scope with a space in it
// would be two as soon as someone joins the list.
func isScope(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}

// meet says whether two lists have an element in common.
func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// seconds returns v when it is a time: RFC 7519 section 2, NumericDate. A fraction is rounded
// down, or up.
func seconds(v any, up bool) (time.Time, error) {
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, errTime
	}
	whole, fraction, _ := strings.Cut(n.String(), ".")
	s, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.ContainsAny(fraction, "eE") {
		return time.Time{}, errTime
	}
	if up && strings.Trim(fraction, "0") != "" {
		s++
	}
	if s <= 0 || s >= year3000 {
		return time.Time{}, errTime
	}
	return time.Unix(s, 0), nil
}
