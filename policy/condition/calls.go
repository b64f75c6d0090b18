package condition

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/postern/postern/identity"
)

// The names that macros expand to. No condition can write them.
const (
	inputName      = "@request"
	headerFunction = "@header"
	queryFunction  = "@query"
)

// maxParameters is how many parameters of a query are looked at.
const maxParameters = 128

// headerMacro and queryMacro take a literal alone: what a condition reads must be known before
// any request comes.
func headerMacro() cel.Macro { return literalMacro("header", headerFunction, checkHeader) }
func queryMacro() cel.Macro  { return literalMacro("query", queryFunction, checkParameter) }

func literalMacro(name, function string, check func(string) error) cel.Macro {
	return cel.GlobalMacro(name, 1, func(eh cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
		text, ok := "", args[0].Kind() == ast.LiteralKind
		if ok {
			var s types.String
			s, ok = args[0].AsLiteral().(types.String)
			text = string(s)
		}
		if !ok {
			return nil, eh.NewError(args[0].ID(), fmt.Sprintf("%s takes a name in quotes, as in %s(\"x-tenant\"), so that it is known which are read", name, name))
		}
		if err := check(text); err != nil {
			return nil, eh.NewError(args[0].ID(), err.Error())
		}
		return eh.NewCall(function, eh.NewIdent(inputName), eh.Copy(args[0])), nil
	})
}

// checkHeader takes the name of a header that is the client's to say.
func checkHeader(name string) error {
	switch {
	case strings.HasPrefix(name, ":"):
		return fmt.Errorf("%q is no header: read request.method, request.path or request.host", name)
	case !identity.IsToken(name):
		return fmt.Errorf("%q is no name of a header", name)
	case name != strings.ToLower(name):
		return fmt.Errorf("names of headers are lower case: write %q", strings.ToLower(name))
	case name == "host":
		return fmt.Errorf("read request.host, which has one spelling")
	case name == "authorization" || name == "proxy-authorization" || name == "cookie":
		return fmt.Errorf("%s holds credentials, which an IdentityProvider reads: read user", name)
	case name == "x-forwarded-client-cert":
		return fmt.Errorf("%s can be forged: read caller", name)
	case strings.HasPrefix(name, "x-postern-"):
		return fmt.Errorf("%s is for the service behind Postern: in a request it is anybody's word", name)
	}
	return nil
}

func checkParameter(name string) error {
	if name == "" {
		return fmt.Errorf("a parameter of a query has a name")
	}
	return nil
}

// inputVal is an Input as a value of CEL.
type inputVal struct {
	opaque
	*Input
}

// headerValues returns the values of a header. One that is not UTF-8 cannot be told.
func headerValues(in, name ref.Val) ref.Val {
	input, ok := in.(inputVal)
	if !ok || input.HeaderValues == nil {
		return types.NewErr("there are no headers")
	}
	values := input.HeaderValues(string(name.(types.String)))
	for _, v := range values {
		if !utf8.ValidString(v) {
			return types.NewErr("a value of the header %s is not UTF-8", name)
		}
	}
	return textList(values)
}

// queryValues returns the values of a parameter.
func queryValues(in, name ref.Val) ref.Val {
	input, ok := in.(inputVal)
	if !ok {
		return types.NewErr("there is no query")
	}
	values, err := parameters(input.Query, string(name.(types.String)))
	if err != nil {
		return types.WrapErr(err)
	}
	return textList(values)
}

// parameters reads a query as a form (WHATWG URL section 5.1). It refuses what programs read in
// different ways, wherever in the query that is: a semicolon, which separates for some, a broken
// escape, and bytes that are not UTF-8.
func parameters(query, name string) (values []string, err error) {
	if strings.Contains(query, ";") {
		return nil, fmt.Errorf("the query has a semicolon, which programs read in different ways")
	}
	if strings.Count(query, "&") >= maxParameters {
		return nil, fmt.Errorf("the query has more than %d parameters", maxParameters)
	}
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		if key, err = unescape(key); err != nil {
			return nil, err
		}
		if value, err = unescape(value); err != nil {
			return nil, err
		}
		if key == name {
			values = append(values, value)
		}
	}
	return values, nil
}

func unescape(s string) (string, error) {
	s, err := url.QueryUnescape(s)
	if err != nil || !utf8.ValidString(s) {
		return "", fmt.Errorf("the query has an escape that is none, or is not UTF-8")
	}
	return s, nil
}
