package condition

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// What makes a query one that programs read in different ways.
var (
	errQueryLong      = fmt.Errorf("the query has more than %d bytes", MaxQuery)
	errQueryMany      = fmt.Errorf("the query has more than %d parameters", MaxParameters)
	errQuerySemicolon = errors.New("the query has a semicolon, which some programs take for &: it must be escaped")
	errQueryEscape    = errors.New("the query has an escape that is not % and two hexadecimal digits")
	errQueryText      = errors.New("the query is not UTF-8 when it is decoded")
)

// A parameter is one name and value of a query, decoded.
type parameter struct{ name, value string }

// parseQuery splits a query at & and at the first = of each part, and decodes both sides:
// %hh, and + for a space. It refuses what programs read in different ways. An empty part, as
// in a&&b, is no parameter.
func parseQuery(query string) ([]parameter, error) {
	switch {
	case len(query) > MaxQuery:
		return nil, errQueryLong
	case strings.Contains(query, ";"):
		return nil, errQuerySemicolon
	}
	var parameters []parameter
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		if len(parameters) == MaxParameters {
			return nil, errQueryMany
		}
		name, value, _ := strings.Cut(part, "=")
		name, nameErr := url.QueryUnescape(name)
		value, valueErr := url.QueryUnescape(value)
		if nameErr != nil || valueErr != nil {
			return nil, errQueryEscape
		}
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return nil, errQueryText
		}
		parameters = append(parameters, parameter{name, value})
	}
	return parameters, nil
}
