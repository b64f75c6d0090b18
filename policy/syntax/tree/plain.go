package tree

import (
	"regexp"
	"strings"
)

// A PlainType is what a plain scalar reads as, to this or another version of YAML.
type PlainType uint8

// The types of plain scalars.
const (
	String PlainType = iota
	Null
	Boolean
	Number
	Date
	Special // a merge key, or the default key of YAML 1.1
)

// These are the types of YAML 1.1 and of the core schema of YAML 1.2 together: Kubernetes reads
// by the older one, in which ON is true and 1:30 is ninety. Underscores are taken out before.
var (
	number = regexp.MustCompile(`^[-+]?(0b[01]+|0o[0-7]+|0x[0-9a-f]+|([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[-+]?[0-9]+)?|\.inf|[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?)$|^\.nan$`)
	date   = regexp.MustCompile(`^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?$`)
)

// TypeOf returns what a plain scalar reads as.
func TypeOf(plain string) PlainType {
	if plain == "" {
		return Null
	}
	switch c := plain[0]; {
	case '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.':
		return numeric(plain)
	case len(plain) > len("false"):
		return String
	}
	switch strings.ToLower(plain) {
	case "~", "null":
		return Null
	case "true", "false", "yes", "no", "on", "off", "y", "n":
		return Boolean
	case "<<", "=":
		return Special
	}
	return String
}

func numeric(plain string) PlainType {
	switch {
	case number.MatchString(strings.ToLower(strings.ReplaceAll(plain, "_", ""))):
		return Number
	case date.MatchString(plain):
		return Date
	}
	return String
}
