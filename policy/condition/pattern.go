package condition

import (
	"fmt"
	"regexp"
	"regexp/syntax"
)

// runesPerInstruction is how much of a character class weighs as much as an instruction.
const runesPerInstruction = 16

// pattern takes a regular expression that is valid and small once it is compiled.
func (r *resolver) pattern(pattern string) (err error) {
	r.patterns[pattern], err = parsePattern(pattern)
	return err
}

// A compiledPattern is a regular expression and how much work each byte of a text is for it.
type compiledPattern struct {
	*regexp.Regexp
	instructions int
}

// parsePattern compiles a regular expression. Its size is known before that: a pattern of a
// few bytes can ask for millions of instructions.
func parsePattern(pattern string) (compiledPattern, error) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return compiledPattern{}, fmt.Errorf("the pattern is not valid: %w", err)
	}
	n := patternSize(parsed)
	if n > MaxPattern {
		return compiledPattern{}, fmt.Errorf("the pattern needs %d instructions, and at most %d are allowed: repeat less", n, MaxPattern)
	}
	compiled, err := regexp.Compile(pattern)
	return compiledPattern{compiled, n}, err
}

// patternSize returns about how many instructions an expression needs, its character classes
// weighed.
func patternSize(re *syntax.Regexp) int {
	n := 0
	for _, sub := range re.Sub {
		n += patternSize(sub)
	}
	switch re.Op {
	case syntax.OpLiteral:
		n = len(re.Rune)
	case syntax.OpCharClass:
		n = 1 + len(re.Rune)/runesPerInstruction
	case syntax.OpConcat:
	case syntax.OpAlternate:
		n += len(re.Sub) - 1
	case syntax.OpCapture:
		n += 2
	case syntax.OpRepeat:
		n = n*max(re.Max, re.Min+1) + max(re.Max-re.Min, 1)
	default: // *, +, ?, any character, an anchor
		n++
	}
	return min(n, 1<<20)
}
