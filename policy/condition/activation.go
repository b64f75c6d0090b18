package condition

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"
)

// What a condition comes to that reads what an Input does not have.
var (
	errNoTime     = errors.New("the time of the request is not known")
	errNoHeaders  = errors.New("the headers are not known")
	errNoCaller   = errors.New("there is no caller")
	errNoUser     = errors.New("there is no user")
	errNoSubject  = errors.New("the credential names no subject")
	errNoClient   = errors.New("the credential names no client")
	errNoACR      = errors.New("the credential has no acr")
	errNoAuthTime = errors.New("the credential has no auth_time")
	errNoSource   = errors.New("the source address is not known")
	errNoSegment  = errors.New("the path has fewer segments than the route's")
	errLongCaller = fmt.Errorf("the caller's SPIFFE ID has more than %d bytes", maxCaller)
)

// maxCaller is what a SPIFFE ID may have, in bytes (SPIFFE ID section 2.3).
const maxCaller = 2 << 10

// An activation answers what a program asks of one input.
type activation struct {
	in       *Input
	meter    meter
	parsed   bool // the query was parsed
	query    []parameter
	queryErr error
	segments *texts // of the caller, once they were read

	lists [4]texts // memory for those of headers; more take some of their own
	used  int      // of lists
}

// list returns a list of these texts as a value, which is good while the condition is evaluated.
func (a *activation) list(of []string) *texts {
	if a.used == len(a.lists) {
		values := texts(of)
		return &values
	}
	kept := &a.lists[a.used]
	*kept = of
	a.used++
	return kept
}

// Parent implements cel.Activation.
func (a *activation) Parent() cel.Activation { return nil }

// ResolveName implements cel.Activation. What is missing is an error as a value: a name that
// is not found would be an error without a reason.
func (a *activation) ResolveName(name string) (any, bool) {
	if name == meterVariable {
		return &a.meter, true
	}
	v := a.value(name)
	return v, v != nil
}

// value returns a variable, an error as a value for one that is missing, and nil for an
// unknown name. Lists and claims are the Input's own: nothing is copied.
func (a *activation) value(name string) any {
	switch name {
	case "request.method":
		return types.String(a.in.Method)
	case "request.host":
		return types.String(a.in.Host)
	case "request.path":
		return (*texts)(&a.in.Path)
	case "request.id":
		return types.String(a.in.ID)
	case "request.time":
		if a.in.Time.IsZero() {
			return types.WrapErr(errNoTime)
		}
		return types.Timestamp{Time: a.in.Time.UTC()}
	case "source.ip":
		if !a.in.Source.IsValid() {
			return types.WrapErr(errNoSource)
		}
		return ext.IP{Addr: a.in.Source.Unmap().WithZone("")}
	}
	switch kind, rest, _ := strings.Cut(name, "."); kind {
	case "caller":
		return a.caller(rest)
	case "user":
		return a.user(rest)
	}
	return a.inner(name)
}

func (a *activation) caller(field string) any {
	caller := a.in.Caller
	if caller.IsZero() {
		return types.WrapErr(errNoCaller)
	}
	switch field {
	case "id":
		return types.String(caller.String())
	case "trust_domain":
		return types.String(caller.TrustDomain())
	case "segments":
		if len(caller.String()) > maxCaller {
			return types.WrapErr(errLongCaller)
		}
		if a.segments == nil {
			_, path, _ := strings.Cut(strings.TrimPrefix(caller.String(), "spiffe://"), "/")
			segments := texts(strings.Split(path, "/"))
			a.segments = &segments
		}
		return a.segments
	}
	return nil
}

func (a *activation) user(field string) any {
	user := a.in.User
	if user.IsZero() {
		return types.WrapErr(errNoUser)
	}
	switch field {
	case "provider":
		return types.String(user.Provider)
	case "subject":
		return present(user.Subject, errNoSubject)
	case "client":
		return present(user.Client, errNoClient)
	case "acr":
		return present(user.ACR, errNoACR)
	case "auth_time":
		if user.AuthTime.IsZero() {
			return types.WrapErr(errNoAuthTime)
		}
		return types.Timestamp{Time: user.AuthTime.UTC()}
	case "audiences":
		return (*texts)(&user.Audiences)
	case "scopes":
		return (*texts)(&user.Scopes)
	case "roles":
		return (*texts)(&user.Roles)
	case "amr":
		return (*texts)(&user.AMR)
	case "actors":
		if err := checkActors(user.Actors); err != nil {
			return types.WrapErr(err)
		}
		return (*actors)(&user.Actors)
	case "claims":
		return user.Claims
	}
	return nil
}

// present returns a value that the empty string says is absent.
func present(s string, absent error) ref.Val {
	if s == "" {
		return types.WrapErr(absent)
	}
	return types.String(s)
}

// inner returns a variable that compiling made.
func (a *activation) inner(name string) any {
	if header, ok := strings.CutPrefix(name, headerVariable); ok {
		if a.meter.left < 0 { // && and || go on, and reading is paid for after it
			return overrun()
		}
		return a.header(header)
	}
	if parameter, ok := strings.CutPrefix(name, queryVariable); ok {
		return a.parameter(parameter)
	}
	if number, ok := strings.CutPrefix(name, segmentVariable); ok {
		if i, err := strconv.Atoi(number); err == nil && i < len(a.in.Path) {
			return types.String(a.in.Path[i])
		}
		return types.WrapErr(errNoSegment)
	}
	if number, ok := strings.CutPrefix(name, restVariable); ok {
		if i, err := strconv.Atoi(number); err == nil && i <= len(a.in.Path) {
			rest := texts(a.in.Path[i:])
			return &rest
		}
		return types.WrapErr(errNoSegment)
	}
	return nil
}

// header returns the values of a header, or an error for those that no condition may see.
func (a *activation) header(name string) any {
	if a.in.Headers == nil {
		return types.WrapErr(errNoHeaders)
	}
	values := a.in.Headers.Values(name)
	size := 0
	for _, value := range values {
		if size += len(value); size > MaxHeader {
			break
		}
		if !utf8.ValidString(value) {
			return types.WrapErr(fmt.Errorf("the header %s is not UTF-8", name))
		}
	}
	if len(values) > MaxValues || size > MaxHeader {
		return types.WrapErr(fmt.Errorf("the header %s has more than %d values or %d bytes", name, MaxValues, MaxHeader))
	}
	return a.list(values)
}

// parameter returns the values of a parameter of the query.
func (a *activation) parameter(name string) any {
	if !a.parsed {
		a.parsed = true
		a.query, a.queryErr = parseQuery(a.in.Query)
	}
	if a.queryErr != nil {
		return types.WrapErr(a.queryErr)
	}
	var values texts
	for _, p := range a.query {
		if p.name == name {
			values = append(values, p.value)
		}
	}
	return &values
}
