package condition

import (
	"strconv"
	"strings"
	"sync"
	_ "time/tzdata" // for getHours("Europe/Berlin") in an image that has no time zones

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"
)

// environment is built when the first condition of the process is compiled, so that who has
// no condition does not pay for it. Nothing changes it.
var environment = sync.OnceValues(newEnvironment)

// The limits of the parser, which come before MaxDepth can be checked.
const (
	parserDepth = 250
	maxNodes    = 16 << 10
	maxRepairs  = 4 // of the text, to find a further fault
)

func newEnvironment() (*cel.Env, error) {
	placeSharedErrors()
	texts := cel.ListType(cel.StringType)
	options := append([]cel.EnvOption{
		cel.OptionalTypes(cel.OptionalTypesVersion(2)),
		ext.Network(ext.NetworkVersion(1)),
		cel.ParserRecursionLimit(parserDepth),
		cel.ParserErrorRecoveryLimit(maxRepairs),
		cel.ExpressionNodeLimit(maxNodes),
		cel.CustomTypeAdapter(adapter{}),
		cel.Function("header", cel.Overload("header_string", []*cel.Type{cel.StringType}, texts)),
		cel.Function("query", cel.Overload("query_string", []*cel.Type{cel.StringType}, texts)),
	}, innerFunctions()...)
	for _, v := range variables() {
		options = append(options, cel.Variable(v.Name, v.typ))
	}
	for i := range MaxSegment {
		options = append(options,
			cel.Variable(segmentVariable+strconv.Itoa(i), cel.StringType),
			cel.Variable(restVariable+strconv.Itoa(i), texts))
	}
	return cel.NewEnv(options...)
}

// What variables are called in a compiled condition, before a number or a name.
const (
	segmentVariable = "@segment "
	restVariable    = "@rest "
	headerVariable  = "@header "
	queryVariable   = "@query "
)

// placeSharedErrors gives the errors that cel-go shares between evaluations a place in the
// text. An evaluation that returns one would else write it, while others read it.
func placeSharedErrors() {
	const anywhere, endOfTime = 1, 1 << 62
	types.LabelErrNode(anywhere, types.NoSuchOverloadErr())
	types.LabelErrNode(anywhere, types.Int(endOfTime).ConvertToType(types.TimestampType))
}

// A Variable is one that every condition may read.
type Variable struct {
	Name string // group.name
	Type string // as CEL writes it
	Doc  string
	typ  *cel.Type
}

// Variables returns the variables that every condition may read, in the order of the
// documentation. Those of the path template, params.NAME, are the route's own.
func Variables() []Variable { return append([]Variable(nil), variables()...) }

var variables = sync.OnceValue(func() []Variable {
	texts := cel.ListType(cel.StringType)
	list := []Variable{
		{Name: "request.method", typ: cel.StringType, Doc: "the method, as sent"},
		{Name: "request.host", typ: cel.StringType, Doc: "the host, in lower case and without port"},
		{Name: "request.path", typ: texts, Doc: "the decoded segments of the path; a trailing slash is a last one that is empty"},
		{Name: "request.id", typ: cel.StringType, Doc: "the id that answer and record carry"},
		{Name: "request.time", typ: cel.TimestampType, Doc: "when the request was checked"},
		{Name: "caller.id", typ: cel.StringType, Doc: "the SPIFFE ID of the caller; an error when there is none"},
		{Name: "caller.trust_domain", typ: cel.StringType, Doc: "its trust domain, without the scheme; an error when there is no caller"},
		{Name: "caller.segments", typ: texts, Doc: "the segments of its path; an error when there is no caller"},
		{Name: "user.provider", typ: cel.StringType, Doc: "the name of the IdentityProvider that proved the user"},
		{Name: "user.subject", typ: cel.StringType, Doc: "who the user is to that provider; an error when the credential names none"},
		{Name: "user.client", typ: cel.StringType, Doc: "the client that the user uses; an error when the credential names none"},
		{Name: "user.acr", typ: cel.StringType, Doc: "how the user was authenticated (acr); an error when the credential does not say"},
		{Name: "user.auth_time", typ: cel.TimestampType, Doc: "when the user was authenticated; an error when the credential does not say"},
		{Name: "user.audiences", typ: texts, Doc: "whom the credential is meant for"},
		{Name: "user.scopes", typ: texts, Doc: "the scopes, as the provider maps them"},
		{Name: "user.roles", typ: texts, Doc: "the roles, as the provider maps them"},
		{Name: "user.amr", typ: texts, Doc: "the methods of authentication (amr)"},
		{Name: "user.actors", typ: cel.ListType(cel.MapType(cel.StringType, cel.StringType)), Doc: "who acts for the user, the current actor first (act): of each its subject, issuer and client; only the first should decide"},
		{Name: "user.claims", typ: cel.MapType(cel.StringType, cel.DynType), Doc: "every claim of the credential; one that is missing is an error"},
		{Name: "source.ip", typ: ext.IPType, Doc: "the address at the other end of the connection; an error when it is not known"},
	}
	for i := range list {
		list[i].Type = cel.FormatCELType(list[i].typ)
	}
	return list
})

// isVariable says that every condition may read a variable of this name.
func isVariable(name string) bool {
	for _, v := range variables() {
		if v.Name == name {
			return true
		}
	}
	return false
}

// isGroup says that a name stands for a group of variables.
func isGroup(name string) bool {
	switch name {
	case "request", paramsGroup, "caller", "user", "source":
		return true
	}
	return false
}

// members enumerates the variables of a group.
func members(group string) string {
	if group == paramsGroup {
		return "the variables of the path"
	}
	var names []string
	for _, v := range variables() {
		if strings.HasPrefix(v.Name, group+".") {
			names = append(names, v.Name)
		}
	}
	return enumerate(names)
}

// isTypeName says that a name is a type, for type(x) == string.
func isTypeName(name string) bool {
	switch name {
	case "bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint":
		return true
	}
	return false
}
