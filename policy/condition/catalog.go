package condition

import (
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/decls"
)

// A Function is one that every condition may use, or a macro.
type Function struct {
	Name  string
	Forms []string // how it is written: the types of its arguments, and of its result
	Doc   string
}

// Functions returns the functions and macros that every condition may use, by name. Operators
// are not among them.
func Functions() []Function { return slices.Clone(catalog()) }

var catalog = sync.OnceValue(func() []Function {
	list := macros()
	env, err := environment()
	if err != nil {
		return list
	}
	for name, declared := range env.Functions() {
		if isInternal(name) {
			continue
		}
		f := Function{Name: name, Doc: functionDoc(name)}
		for _, overload := range declared.OverloadDecls() {
			f.Forms = append(f.Forms, form(name, overload))
		}
		slices.Sort(f.Forms)
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return list
})

// form writes an overload as it is used.
func form(name string, overload *decls.OverloadDecl) string {
	var args []string
	for _, arg := range overload.ArgTypes() {
		args = append(args, cel.FormatCELType(arg))
	}
	target := ""
	if overload.IsMemberFunction() {
		target, args = args[0]+".", args[1:]
	}
	return target + name + "(" + strings.Join(args, ", ") + ") -> " + cel.FormatCELType(overload.ResultType())
}

// macros returns what the parser makes other expressions of.
func macros() []Function {
	return []Function{
		{"has", []string{"has(user.claims.NAME) -> bool"}, "whether there is such a claim, or such a field in a claim"},
		{"all", []string{"LIST.all(x, CONDITION) -> bool"}, "whether the condition holds for every element"},
		{"exists", []string{"LIST.exists(x, CONDITION) -> bool"}, "whether the condition holds for an element"},
		{"exists_one", []string{"LIST.exists_one(x, CONDITION) -> bool"}, "whether the condition holds for exactly one element"},
		{"existsOne", []string{"LIST.existsOne(x, CONDITION) -> bool"}, "the same as exists_one"},
		{"filter", []string{"LIST.filter(x, CONDITION) -> list"}, "the elements for which the condition holds"},
		{"map", []string{"LIST.map(x, CONDITION, VALUE) -> list", "LIST.map(x, VALUE) -> list"}, "a value for every element, or for those for which the condition holds"},
		{"optMap", []string{"OPTIONAL.optMap(x, VALUE) -> optional"}, "a value made of the one that is there"},
		{"optFlatMap", []string{"OPTIONAL.optFlatMap(x, OPTIONAL) -> optional"}, "an optional value made of the one that is there"},
	}
}

// functionDoc says what a function does, "" for one that is not known here.
func functionDoc(name string) string {
	switch name {
	case "header":
		return "the values of a request header, in order; empty when it is absent"
	case "query":
		return "the decoded values of a parameter of the query, in order; empty when it is absent; an error for a query that programs read in different ways"
	case "int":
		return "makes an int of a value, or is an error"
	case "bool", "bytes", "double", "duration", "string", "timestamp", "uint":
		return "makes a " + name + " of a value, or is an error"
	case "cidr":
		return "makes a range of addresses of a text"
	case "contains":
		return "whether a text contains another"
	case "containsCIDR":
		return "whether a range contains another"
	case "containsIP":
		return "whether a range contains an address"
	case "dyn":
		return "the value, without its type: its comparisons are checked when they are made"
	case "endsWith":
		return "whether a text ends with another"
	case "family":
		return "4 for IPv4 and 6 for IPv6"
	case "first", "last":
		return "the " + name + " element of a list, if it has one"
	case "hasValue":
		return "whether there is a value"
	case "ip":
		return "makes an address of a text, or is the address that a range is written with"
	}
	return furtherDoc(name)
}

func furtherDoc(name string) string {
	switch name {
	case "ip.isCanonical":
		return "whether a text is an address in its canonical spelling"
	case "isCIDR":
		return "whether a text is a range of addresses"
	case "isIP":
		return "whether a text is an address"
	case "isGlobalUnicast", "isLinkLocalMulticast", "isLinkLocalUnicast", "isLoopback", "isUnspecified":
		return "whether an address is one of this kind"
	case "isMask":
		return "whether a range is written without bits behind its length"
	case "masked":
		return "the range without bits behind its length"
	case "matches":
		return "whether a regular expression (RE2), which is written out, matches somewhere in a text"
	case "optional.none":
		return "no value"
	case "optional.of":
		return "a value that is there"
	case "optional.ofNonZeroValue":
		return "a value that is there, unless it is empty or zero"
	case "optional.unwrap", "unwrapOpt":
		return "those values of a list that are there"
	case "or":
		return "the first value, or the second when that is not there"
	case "orValue":
		return "the value, or another when it is not there"
	case "prefixLength":
		return "the length of a range"
	case "size":
		return "the characters of a text, the bytes of bytes, the elements of a list, or the keys of a map"
	case "startsWith":
		return "whether a text starts with another"
	case "type":
		return "the type of a value"
	case "value":
		return "the value; an error when it is not there"
	}
	if clockField(name) != nil {
		return "a field of a time, in UTC or in a time zone that is written out, or of a duration; months, days of the month and days of the year count from 0 (getDate from 1), days of the week from Sunday, 0"
	}
	return ""
}
