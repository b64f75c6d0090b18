package syntax

import (
	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax/grammar"
)

// What the tables say of strings. Each pattern takes whatever its check takes, and as little more
// as a pattern can say.
const (
	labelPattern   = `[a-z0-9]([-a-z0-9]*[a-z0-9])?`
	identPattern   = `[A-Za-z_][A-Za-z0-9_]*`
	tokenBytes     = "!#$%&'+.^_`|~-" // of identity.IsToken, without letters, digits and *
	spiffePattern  = `spiffe://[a-z0-9._-]+(/([A-Za-z0-9._-]+|\*\*?))+`
	literalPattern = `\[[0-9a-f:.]+\]`
)

var (
	anyText       = &grammar.Scalar{Longest: maxText}
	labelText     = &grammar.Scalar{Pattern: "^" + labelPattern + "$", Longest: maxLabel}
	subdomainText = &grammar.Scalar{Pattern: "^" + labelPattern + `(\.` + labelPattern + ")*$", Longest: maxSubdomain}
	patternText   = &grammar.Scalar{Pattern: "^" + spiffePattern + "$", Longest: maxText}
	callerText    = &grammar.Scalar{Pattern: "^(anyone|group:" + labelPattern + "|" + spiffePattern + ")$", Longest: maxText, Examples: []string{anyone}}
	methodText    = &grammar.Scalar{
		Pattern: `^(\*|[A-Z0-9` + tokenBytes + `]+)$`, Longest: maxText,
		Examples: []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "*"},
	}
	templateText    = &grammar.Scalar{Pattern: `^/`, Longest: maxText}
	hostText        = &grammar.Scalar{Pattern: `^([a-z0-9_.-]+|` + literalPattern + `)$`, Longest: maxSubdomain}
	upgradeText     = &grammar.Scalar{Enum: []string{websocket}}
	serviceText     = &grammar.Scalar{Pattern: "^" + identPattern + `(\.` + identPattern + ")*$", Longest: maxText}
	callText        = &grammar.Scalar{Pattern: `^(\*|` + identPattern + ")$", Longest: maxText, Examples: []string{"*"}}
	scopeText       = &grammar.Scalar{Pattern: `^[!#-\[\]-~]+$`, Longest: maxText}
	acrText         = &grammar.Scalar{Pattern: `^[^ "\\]+$`, Longest: maxText}
	headerText      = &grammar.Scalar{Pattern: `^[a-z0-9*` + tokenBytes + `]+$`, Longest: maxText}
	headerValueText = &grammar.Scalar{Pattern: `^[^ ](.*[^ ])?$`, Longest: maxText}
	prefixText      = &grammar.Scalar{Pattern: `^[0-9a-f.:]+/[0-9]+$`, Longest: maxText}
	conditionText   = &grammar.Scalar{Longest: maxText}
	urlText         = &grammar.Scalar{Pattern: `^https://[^ #]+$`, Longest: maxText}
	issuerText      = &grammar.Scalar{Pattern: `^https://[^ #?]+$`, Longest: maxText}
	fileText        = &grammar.Scalar{Pattern: `^[^/\\][^\\]*$`, Longest: maxText}
	tokenText       = &grammar.Scalar{Pattern: `^[A-Za-z0-9*` + tokenBytes + `]+$`, Longest: maxText}
	typeText        = &grammar.Scalar{Pattern: `^[a-z0-9*` + tokenBytes + `]*$`, Longest: maxText, Empty: true}
	algorithmText   = &grammar.Scalar{Enum: identity.Algorithms()}
	boundText       = &grammar.Scalar{Enum: []string{identity.BoundMTLS.String()}}
	useText         = &grammar.Scalar{Enum: []string{useAccess, useID}}

	serialText = &grammar.Scalar{Pattern: `^([0-9a-f][0-9a-f])+$`, Longest: 2 * maxSerial}
	domainText = &grammar.Scalar{Pattern: `^[a-z0-9._-]+$`, Longest: maxText}
	noteName   = &grammar.Scalar{Pattern: `[^ ]`}
	noteText   = &grammar.Scalar{Empty: true}

	timeScalar     = &grammar.Scalar{Form: grammar.Time}
	durationScalar = &grammar.Scalar{Form: grammar.Duration}
	booleanScalar  = &grammar.Scalar{Form: grammar.Boolean}
	trueScalar     = &grammar.Scalar{Form: grammar.True}
)

func scalar(s *grammar.Scalar) grammar.Value { return grammar.Value{Scalar: s} }

// listOf is what texts reads.
func listOf(s *grammar.Scalar) grammar.Value {
	return grammar.Value{List: &grammar.List{Of: scalar(s), Least: 1, Unique: true}}
}

// listOfObjects is what items reads, each of them by a shape.
func listOfObjects(s *shape) grammar.Value {
	return grammar.Value{List: &grammar.List{Of: mapping(s)}}
}

func mapping(s *shape) grammar.Value { return grammar.Value{Object: s.Object} }

// textOr is a text, or a mapping in its place.
func textOr(text *grammar.Scalar, s *shape) grammar.Value {
	return grammar.Value{Scalar: text, Object: s.Object}
}

// mapOf is a mapping of names.
func mapOf(name *grammar.Scalar, of grammar.Value) grammar.Value {
	return grammar.Value{Map: &grammar.Map{Name: name, Of: of}}
}
