package differential_test

import (
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/postern/postern/identity"
)

// A scene is what a condition sees.
type scene struct {
	q       *question
	path    template       // whose variables are params; nil for none
	user    *identity.User // nil when no user is proven
	element any            // of the list that a macro is at
}

// evaluate returns the value of an expression, and false when it is an error. Values are those of
// encoding/json, but for numbers, which are int64 or float64, and time.Time, time.Duration,
// netip.Addr and netip.Prefix.
func (s scene) evaluate(e *expr) (any, bool) {
	switch e.op {
	case opLiteral:
		return e.lit, true
	case opName:
		return s.name(e.text)
	case opParam:
		return s.param(e.text)
	case "&&", "||":
		return s.either(e)
	case "!":
		is, ok := s.truth(e.args[0])
		return !is, ok
	case opChoice:
		is, ok := s.truth(e.args[0])
		switch {
		case !ok:
			return nil, false
		case is:
			return s.evaluate(e.args[1])
		}
		return s.evaluate(e.args[2])
	case opMacro:
		return s.macro(e)
	case opHas:
		v, ok := s.evaluate(e.args[0])
		if !ok {
			return nil, false
		}
		_, there, ok := lookUp(v, e.text)
		return there, ok
	case opHasValue:
		_, there, ok := s.optional(e)
		return there, ok
	case opOptional:
		v, there, ok := s.optional(e)
		if ok && !there {
			return s.evaluate(e.args[1])
		}
		return look(v, ok)
	}
	return s.strict(e)
}

// strict evaluates what needs all of its arguments.
func (s scene) strict(e *expr) (any, bool) {
	args := make([]any, len(e.args))
	for i, a := range e.args {
		v, ok := s.evaluate(a)
		if !ok {
			return nil, false
		}
		args[i] = v
	}
	switch e.op {
	case opList:
		return args, true
	case opField:
		m, _ := args[0].(map[string]any)
		v, there := m[e.text]
		return look(v, there)
	case opIndex:
		return index(args[0], args[1])
	case opCall, opMethod:
		return s.call(e.text, args)
	case "==", "!=":
		is, ok := equal(args[0], args[1])
		return is == (e.op == "=="), ok
	case "<", "<=", ">", ">=":
		return ordered(e.op, args[0], args[1])
	case "in":
		return member(args[0], args[1])
	case "+", "-":
		return sum(e.op, args[0], args[1])
	}
	panic("no operation " + e.op)
}

// truth is the value of what must be true or false.
func (s scene) truth(e *expr) (is, ok bool) {
	v, ok := s.evaluate(e)
	if !ok {
		return false, false
	}
	is, ok = v.(bool)
	return is, ok
}

// either is && and ||, where one side can decide though the other is an error.
func (s scene) either(e *expr) (any, bool) {
	deciding := e.op == "||"
	a, aOK := s.truth(e.args[0])
	b, bOK := s.truth(e.args[1])
	if aOK && a == deciding || bOK && b == deciding {
		return deciding, true
	}
	return !deciding, aOK && bOK
}

// macro is exists, which is an || over the elements, and all, which is an &&.
func (s scene) macro(e *expr) (any, bool) {
	v, ok := s.evaluate(e.args[0])
	if !ok {
		return nil, false
	}
	elements, ok := elements(v)
	if !ok {
		return nil, false
	}
	deciding, known := e.text == "exists", true
	for _, v := range elements {
		inside := s
		if inside.element, ok = look(v, true); !ok {
			known = false
			continue
		}
		is, ok := inside.truth(e.args[1])
		if ok && is == deciding {
			return deciding, true
		}
		known = known && ok
	}
	return !deciding, known
}

// elements are those of a list, or the keys of a map.
func elements(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case map[string]any:
		var keys []any
		for k := range v {
			keys = append(keys, k)
		}
		return keys, true
	}
	return nil, false
}

// optional follows the names of e.text, which is there or not, or an error.
func (s scene) optional(e *expr) (v any, there, ok bool) {
	v, ok = s.evaluate(e.args[0])
	if !ok {
		return nil, false, false
	}
	for name := range strings.FieldsSeq(e.text) {
		if v, there, ok = lookUp(v, name); !there {
			return nil, false, ok
		}
	}
	return v, true, true
}

// lookUp says whether a value has a member. What is no map and no list has none; of a list that is
// an error.
func lookUp(v any, name string) (member any, there, ok bool) {
	switch v := v.(type) {
	case map[string]any:
		member, there = v[name]
		return member, there, true
	case []any:
		return nil, false, false
	}
	_, ok = look(v, true)
	return nil, false, ok
}

// name is the value of what the documentation's table names.
func (s scene) name(text string) (any, bool) {
	switch text {
	case element:
		return s.element, true
	case "request.method":
		return s.q.Method, true
	case "request.host":
		return s.q.Host, true
	case "request.path":
		return texts(s.q.Path), true
	case "request.id":
		return requestID, true
	case "request.time":
		return s.q.Time, true
	case "source.ip":
		return s.q.Source.Unmap(), s.q.Source.IsValid()
	}
	if strings.HasPrefix(text, "caller.") {
		return s.q.caller(text)
	}
	if s.user == nil {
		return nil, false
	}
	u := s.user
	switch text {
	case "user.provider":
		return u.Provider, true
	case "user.subject":
		return u.Subject, true
	case "user.client":
		return u.Client, u.Client != ""
	case "user.acr":
		return u.ACR, u.ACR != ""
	case "user.auth_time":
		return u.AuthTime, !u.AuthTime.IsZero()
	case "user.audiences":
		return texts(u.Audiences), true
	case "user.scopes":
		return texts(u.Scopes), true
	case "user.roles":
		return texts(u.Roles), true
	case "user.amr":
		return texts(u.AMR), true
	case actorsName:
		list := []any{}
		for _, a := range u.Actors {
			list = append(list, map[string]any{"subject": a.Subject, "issuer": a.Issuer, "client": a.Client})
		}
		return list, true
	case "user.claims":
		return u.Claims, true
	}
	panic("no name " + text)
}

// param is the value of a variable of the path.
func (s scene) param(name string) (any, bool) {
	for i, t := range s.path {
		switch {
		case t.Variable != name:
		case t.Rest:
			return texts(s.q.Path[i:]), true
		default:
			return s.q.Path[i], true
		}
	}
	return nil, false
}

func (s scene) call(name string, args []any) (any, bool) {
	switch name {
	case "size":
		switch v := args[0].(type) {
		case string:
			return int64(utf8.RuneCountInString(v)), true
		case []any:
			return int64(len(v)), true
		case map[string]any:
			return int64(len(v)), true
		}
		return nil, false
	case "header":
		return s.header(args[0].(string))
	case "query":
		return s.q.query(args[0].(string))
	case "timestamp", "duration":
		return args[0], true
	case "cidr":
		return netip.MustParsePrefix(args[0].(string)), true
	case "containsIP":
		return args[0].(netip.Prefix).Contains(args[1].(netip.Addr)), true
	case "getHours":
		place := time.UTC
		if args[1] != "UTC" {
			place = time.FixedZone("", 2*60*60) // "+02:00", the generator's other one
		}
		return int64(args[0].(time.Time).In(place).Hour()), true
	}
	text, ok := args[0].(string)
	other, too := args[1].(string)
	if !ok || !too {
		return nil, false
	}
	switch name {
	case "startsWith":
		return strings.HasPrefix(text, other), true
	case "endsWith":
		return strings.HasSuffix(text, other), true
	case "contains":
		return strings.Contains(text, other), true
	case "matches": // the patterns of the generator are ^literal
		return strings.HasPrefix(text, strings.TrimPrefix(other, "^")), true
	}
	panic("no function " + name)
}

func (s scene) header(name string) (any, bool) {
	values := s.q.header(name)
	text := strings.Join(values, "")
	ok := utf8.ValidString(text) && len(values) <= maxHeaderValues && len(text) <= maxHeaderBytes
	return texts(values), ok
}

// query is an error where the query as a whole is one that programs read in different ways.
func (q *question) query(name string) (any, bool) {
	if strings.Contains(q.Query, ";") {
		return nil, false
	}
	values := []any{}
	if strings.Count(q.Query, "&") >= maxParameters {
		return nil, false
	}
	for field := range strings.SplitSeq(strings.TrimPrefix(q.Query, "?"), "&") {
		key, value, _ := strings.Cut(field, "=")
		key, err := url.QueryUnescape(key)
		if err != nil {
			return nil, false
		}
		value, err = url.QueryUnescape(value)
		if err != nil || !utf8.ValidString(key+value) {
			return nil, false
		}
		if field != "" && key == name {
			values = append(values, value)
		}
	}
	return values, true
}
