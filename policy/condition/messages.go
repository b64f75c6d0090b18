package condition

import (
	"fmt"
	"regexp"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/operators"
)

// issues takes over what the parser or the type checker found, in words for who writes
// policies, and says whether there was anything.
func (f *faults) issues(issues *cel.Issues) bool {
	if issues == nil || len(issues.Errors()) == 0 {
		return false
	}
	for _, issue := range issues.Errors() {
		offset := offsetOf(f.text, issue.Location.Line(), issue.Location.Column())
		if rest, ok := strings.CutPrefix(issue.Message, "Syntax error: "); ok {
			f.add(offset, "%s", explainSyntax(rest))
			break // what follows is often its consequence
		}
		f.add(f.anchor(offset), "%s", explain(issue.Message)+f.actorAdvice(issue.Message))
	}
	return true
}

// actorAdvice says how an actor is asked for where actors are taken for a text.
func (f *faults) actorAdvice(message string) string {
	if strings.Contains(message, "map(string, string)") && strings.Contains(f.text, actorsVariable) {
		return ": the one who acts for the user now is user.actors[0].subject"
	}
	return ""
}

// offsetOf returns the code points before a line, from 1, and a column of it, from 0.
func offsetOf(text string, line, column int) int32 {
	offset := int32(0)
	for _, r := range text {
		if line <= 1 {
			break
		}
		if offset++; r == '\n' {
			line--
		}
	}
	return offset + int32(max(column, 0))
}

// explain puts a message of CEL into other words.
func explain(message string) string {
	if found := overload().FindStringSubmatch(message); found != nil {
		return explainOverload(found[1], found[2])
	}
	if found := mismatched().FindStringSubmatch(message); found != nil {
		return fmt.Sprintf("expected %s, found %s", found[1], found[2])
	}
	switch {
	case strings.Contains(message, "recursion"):
		return fmt.Sprintf("the condition is nested deeper than %d levels", MaxDepth)
	case strings.Contains(message, "cannot be range of a comprehension"):
		return "a macro goes through a list or a map, and " + between(message, "type '", "'") + " is neither"
	case strings.Contains(message, "does not support field selection"):
		return between(message, "type '", "'") + " has no fields"
	}
	return strings.ToValidUTF8(message[:min(len(message), 300)], "")
}

// explainSyntax shortens what the parser expects, which is often everything, and knows the
// slips of those who write other languages.
func explainSyntax(message string) string {
	message, _, _ = strings.Cut(message, " expecting ")
	message = strings.ToValidUTF8(message[:min(len(message), 120)], "")
	switch {
	case strings.Contains(message, "'<EOF>'"):
		return "the condition ends too early: a value, a bracket or a quote is missing"
	case strings.Contains(message, "at: '="):
		return "syntax error at =: write == to compare"
	case strings.Contains(message, "at: '&"), strings.Contains(message, "at: '|"):
		return "syntax error: write && and ||"
	case strings.Contains(message, "'and'"), strings.Contains(message, "'or'"), strings.Contains(message, "'not'"):
		return "syntax error: write && for and, || for or, ! for not"
	case strings.Contains(message, "at: '\""), strings.Contains(message, "at: ''"):
		return "syntax error: a text has no closing quote"
	}
	return "syntax error: " + message
}

// explainOverload says which types an operator or a function was given.
func explainOverload(function, signature string) string {
	target, args, isMember := strings.Cut(signature, ".(")
	if !isMember {
		args = strings.TrimPrefix(signature, "(")
	}
	list := split(strings.TrimSuffix(args, ")"))
	if symbol, ok := operators.FindReverseBinaryOperator(function); ok && len(list) == 2 {
		if symbol == "in" {
			return fmt.Sprintf("%s cannot be in %s", list[0], list[1])
		}
		return fmt.Sprintf("%s cannot be between %s and %s", symbol, list[0], list[1])
	}
	switch function {
	case operators.Conditional:
		return fmt.Sprintf("?: needs a condition and two values of one type, not %s", enumerate(list))
	case operators.Index, operators.OptIndex:
		return fmt.Sprintf("%s has no element [%s]", list[0], list[len(list)-1])
	case operators.LogicalNot, operators.Negate:
		return fmt.Sprintf("%s cannot be before %s", strings.TrimSuffix(function, "_"), list[0])
	}
	if isMember {
		return fmt.Sprintf("%s has no %s(%s)%s", target, function, strings.Join(list, ", "), formAdvice(function))
	}
	return fmt.Sprintf("%s() does not take %s%s", function, strings.Join(list, ", "), formAdvice(function))
}

// formAdvice says what a function takes.
func formAdvice(function string) string {
	const most = 4
	for _, f := range Functions() {
		if f.Name == function && len(f.Forms) <= most {
			return ": there is " + enumerate(f.Forms)
		}
	}
	return ""
}

// explainEvaluation puts what an evaluation came to into other words.
func explainEvaluation(message string) string {
	switch {
	case strings.HasPrefix(message, "no such key: "):
		return "there is no " + shorten(strings.TrimPrefix(message, "no such key: "))
	case strings.HasPrefix(message, "no such attribute(s): "):
		return missing(strings.TrimPrefix(message, "no such attribute(s): "))
	case strings.HasPrefix(message, "no such overload: "):
		name := strings.TrimPrefix(message, "no such overload: ")
		if symbol, ok := operators.FindReverse(name); ok && symbol != "" {
			name = symbol
		}
		return "a value has a type that " + name + " does not take"
	case strings.HasSuffix(message, "expected iterable type"):
		return "a macro goes through a list or a map, and this is " + strings.ToLower(between(message, "types.", "'"))
	case message == "no such overload":
		return "a value has a type that the operation does not take"
	}
	return strings.ToValidUTF8(message[:min(len(message), 300)], "")
}

// missing says what it means that there is no such variable.
func missing(name string) string {
	switch group, field, _ := strings.Cut(name, "."); {
	case group == "caller":
		return errNoCaller.Error()
	case name == "user.acr" || name == "user.auth_time" || name == "user.subject" || name == "user.client":
		return "the credential has no " + field
	case group == "user":
		return errNoUser.Error()
	case strings.HasPrefix(name, segmentVariable), strings.HasPrefix(name, restVariable):
		return errNoSegment.Error()
	}
	return "there is no " + name
}

// split splits a list of types at its commas, those inside of a type excepted.
func split(list string) []string {
	var parts []string
	depth, start := 0, 0
	for i, r := range list {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth == 0:
			parts, start = append(parts, strings.TrimSpace(list[start:i])), i+1
		}
	}
	return append(parts, strings.TrimSpace(list[start:]))
}

// between returns what stands in s after one text and before another.
func between(s, after, before string) string {
	_, s, _ = strings.Cut(s, after)
	s, _, _ = strings.Cut(s, before)
	return s
}

func overload() *regexp.Regexp {
	return regexp.MustCompile(`^found no matching overload for '(.+)' applied to '(.*)'$`)
}

func mismatched() *regexp.Regexp {
	return regexp.MustCompile(`^expected type '(.+)' but found '(.+)'$`)
}
