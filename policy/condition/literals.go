package condition

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/postern/postern/identity"
)

// literals checks the arguments of a function that must be written out, and those that are and
// would never work.
func (r *resolver) literals(e ast.Expr, name string) {
	call := e.AsCall()
	args := call.Args()
	switch {
	case name == "header" || name == "query":
		r.reading(e, name, args)
	case name == "matches" && len(args) > 0:
		r.literal(args[len(args)-1], "the pattern of matches() is written out, in quotes", r.pattern)
	case call.IsMemberFunction() && clockField(name) != nil && len(args) == 1:
		r.literal(args[0], "the time zone is written out, as in "+name+`("Europe/Berlin")`, checkZone)
	case !call.IsMemberFunction() && len(args) == 1 && args[0].Kind() == ast.LiteralKind:
		r.check(args[0], checkConversion(name, args[0].AsLiteral()))
	}
}

// reading checks header("x") and query("x").
func (r *resolver) reading(e ast.Expr, name string, args []ast.Expr) {
	advice := name + `() takes one name that is written out, as in ` + name + `("x-tenant")`
	if len(args) != 1 {
		r.fail(e, "%s", advice)
		return
	}
	if name == "query" {
		r.literal(args[0], advice, checkParameter)
		return
	}
	if r.literal(args[0], advice, checkHeader) {
		header, _ := textOf(args[0])
		r.headers[header] = true
	}
}

// literal reports an argument that is no string literal, or one that check refuses.
func (r *resolver) literal(e ast.Expr, advice string, check func(string) error) bool {
	text, ok := textOf(e)
	if !ok {
		r.fail(e, "%s", advice)
		return false
	}
	return r.check(e, check(text))
}

func (r *resolver) check(e ast.Expr, err error) bool {
	if err != nil {
		r.fail(e, "%v", err)
	}
	return err == nil
}

// textOf returns the text of a string literal.
func textOf(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	text, ok := e.AsLiteral().(types.String)
	return string(text), ok
}

// checkHeader takes the name of a header that a condition may read: as Envoy spells it, and
// saying what is the client's to say.
func checkHeader(name string) error {
	quoted := strconv.Quote(shorten(name))
	switch {
	case strings.HasPrefix(name, ":"):
		return fmt.Errorf("%s is no header: read request.method, request.path or request.host", quoted)
	case !identity.IsToken(name):
		return fmt.Errorf("%s is no name of a header", quoted)
	case name != strings.ToLower(name):
		return fmt.Errorf("names of headers are in lower case here: write %q", shorten(strings.ToLower(name)))
	case name == "host":
		return errors.New("the host is read as request.host")
	case slices.Contains([]string{"authorization", "proxy-authorization", "cookie"}, name):
		return fmt.Errorf("%s carries credentials, which no condition sees: an IdentityProvider reads them, and what they prove is in user", name)
	case name == "x-forwarded-client-cert":
		return errors.New("x-forwarded-client-cert can be forged: who was proven is in caller")
	case strings.HasPrefix(name, "x-postern-"):
		return fmt.Errorf("%s is Postern's to set, for the service behind it: in a request it is anybody's word", quoted)
	}
	return nil
}

// checkParameter takes the name of a parameter of the query.
func checkParameter(name string) error {
	if name == "" {
		return errors.New("a parameter of the query has a name")
	}
	return nil
}

// checkZone takes a time zone that zone can load.
func checkZone(name string) error {
	_, err := zone(name)
	return err
}

// zone returns a time zone by its name in the IANA database, or by its offset from UTC as in
// +02:00, whose sign CEL lets people leave out.
func zone(name string) (*time.Location, error) {
	unknown := fmt.Errorf(`unknown time zone %q: write a name such as "Europe/Berlin" or an offset such as "+02:00"`, shorten(name))
	if digits := strings.TrimPrefix(strings.TrimPrefix(name, "+"), "-"); len(digits) == len("00:00") && len(name)-len(digits) < 2 && digits[2] == ':' {
		offset, err := time.Parse("15:04", digits)
		if err != nil {
			return nil, unknown
		}
		seconds := offset.Hour()*3600 + offset.Minute()*60
		if name[0] == '-' {
			seconds = -seconds
		}
		return time.FixedZone(name, seconds), nil
	}
	// LoadLocation takes the empty name for UTC and "Local" for whatever the machine has.
	if name == "" || name == "Local" {
		return nil, unknown
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return nil, unknown
	}
	return location, nil
}

// checkConversion takes a literal that a function can make a value of. That a function takes
// no literal of this type is the type checker's to say.
func checkConversion(function string, literal ref.Val) error {
	text, isText := literal.Value().(string)
	to := conversionType(function)
	switch {
	case function == "ip" && isText:
		if addr, err := netip.ParseAddr(text); err != nil || addr.Zone() != "" || addr.Is4In6() {
			return fmt.Errorf("%q is no address: write 10.0.0.1 or 2001:db8::1", shorten(text))
		}
	case function == "cidr" && isText:
		if prefix, err := netip.ParsePrefix(text); err != nil || prefix.Addr().Is4In6() {
			return fmt.Errorf("%q is no range of addresses: write 10.0.0.0/8 or 2001:db8::/32", shorten(text))
		}
	case to == nil || !types.IsError(literal.ConvertToType(to)):
	case function == "timestamp" && isText:
		return fmt.Errorf("%q is no time: write 2027-01-31T00:00:00Z", shorten(text))
	case function == "duration" && isText:
		return fmt.Errorf("%q is no duration: write 1h30m or 90s", shorten(text))
	case isText:
		return fmt.Errorf("%q is no %s", shorten(text), function)
	default:
		return fmt.Errorf("%v is no %s", literal.Value(), function)
	}
	return nil
}

// conversionType returns the type that a conversion is named after, nil for other functions.
func conversionType(function string) *types.Type {
	switch function {
	case "bool":
		return types.BoolType
	case "bytes":
		return types.BytesType
	case "double":
		return types.DoubleType
	case "duration":
		return types.DurationType
	case "int":
		return types.IntType
	case "string":
		return types.StringType
	case "timestamp":
		return types.TimestampType
	case "uint":
		return types.UintType
	}
	return nil
}

// clockField returns what a function such as getHours reads of a time, nil for others.
func clockField(function string) func(time.Time) int {
	switch function {
	case "getFullYear":
		return time.Time.Year
	case "getMonth": // CEL counts from 0
		return func(t time.Time) int { return int(t.Month()) - 1 }
	case "getDate":
		return time.Time.Day
	case "getDayOfMonth":
		return func(t time.Time) int { return t.Day() - 1 }
	case "getDayOfWeek": // from Sunday, 0
		return func(t time.Time) int { return int(t.Weekday()) }
	case "getDayOfYear":
		return func(t time.Time) int { return t.YearDay() - 1 }
	case "getHours":
		return time.Time.Hour
	case "getMinutes":
		return time.Time.Minute
	case "getSeconds":
		return time.Time.Second
	case "getMilliseconds":
		return func(t time.Time) int { return t.Nanosecond() / int(time.Millisecond) }
	}
	return nil
}
