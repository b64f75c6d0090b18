package condition

import (
	"sync"
	_ "time/tzdata" // request.time.getHours("Europe/Berlin") in an image without zones

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"
)

// A Variable is one that every condition may read; those of the route's path come to them.
type Variable struct {
	Name string
	Type string // as CEL writes it
	Doc  string
}

// declared is a variable and its type.
type declared struct {
	name string
	of   *cel.Type
	doc  string
}

var variables = sync.OnceValue(func() []declared {
	texts := cel.ListType(cel.StringType)
	return []declared{
		{"request.method", cel.StringType, ""},
		{"request.host", cel.StringType, "lower case, without port"},
		{"request.path", texts, "the decoded segments; a trailing slash is a last one that is empty"},
		{"request.id", cel.StringType, "the id that answer and record carry"},
		{"request.time", cel.TimestampType, ""},
		{"caller.id", cel.StringType, "an error when there is no caller"},
		{"caller.trust_domain", cel.StringType, "an error when there is no caller"},
		{"caller.segments", texts, "of the SPIFFE ID's path; an error when there is no caller"},
		{"user.provider", cel.StringType, ""},
		{"user.subject", cel.StringType, ""},
		{"user.client", cel.StringType, "an error when the credential has none"},
		{"user.acr", cel.StringType, "an error when the credential has none"},
		{"user.auth_time", cel.TimestampType, "an error when the credential has none"},
		{"user.audiences", texts, ""},
		{"user.scopes", texts, ""},
		{"user.roles", texts, ""},
		{"user.amr", texts, ""},
		{"user.claims", cel.MapType(cel.StringType, cel.DynType), "every claim of the credential"},
		{"source.ip", ext.IPType, "an error when it is not known"},
	}
})

// Variables returns what every condition may read, in the order of the reference.
func Variables() []Variable {
	var all []Variable
	for _, v := range variables() {
		all = append(all, Variable{v.name, cel.FormatCELType(v.of), v.doc})
	}
	return all
}

// The limits of what is compiled.
const (
	maxDepth = 24   // of nested expressions
	maxNodes = 1000 // of one expression
	maxRegex = 250  // instructions of a compiled pattern
)

// base is the environment of every condition, without parameters.
var base = sync.OnceValues(func() (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.OptionalTypes(),
		ext.Network(),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.EagerlyValidateDeclarations(true),
		cel.ParserExpressionSizeLimit(MaxText),
		cel.ParserRecursionLimit(maxDepth),
		cel.ExpressionNodeLimit(maxNodes),
		cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateRegexLiterals()),
		cel.Macros(headerMacro(), queryMacro()),
		cel.Variable(inputName, inputType),
		cel.Function(headerFunction, cel.Overload(headerFunction, []*cel.Type{inputType, cel.StringType}, cel.ListType(cel.StringType), cel.BinaryBinding(headerValues))),
		cel.Function(queryFunction, cel.Overload(queryFunction, []*cel.Type{inputType, cel.StringType}, cel.ListType(cel.StringType), cel.BinaryBinding(queryValues))),
	}
	for _, v := range variables() {
		options = append(options, cel.Variable(v.name, v.of))
	}
	options = append(options,
		cel.Function(boundedFunction, cel.Overload(boundedFunction, []*cel.Type{cel.DynType}, cel.DynType, cel.UnaryBinding(bounded))),
		cel.Function(strictMatches, cel.Overload(strictMatches, []*cel.Type{cel.DynType, cel.DynType}, cel.BoolType, cel.BinaryBinding(matches))))
	for name, binding := range comparisons {
		options = append(options, cel.Function(name, cel.Overload(name, []*cel.Type{cel.DynType, cel.DynType}, cel.BoolType, cel.BinaryBinding(binding))))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, err
	}
	return env.Extend(func(e *cel.Env) (*cel.Env, error) {
		return cel.CustomTypeAdapter(adapter{e.CELTypeAdapter()})(e)
	})
})

// inputType is the type of what header and query read, which no condition can name.
var inputType = types.NewOpaqueType("postern.Request")
