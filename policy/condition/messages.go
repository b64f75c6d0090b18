package condition

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
)

var (
	undeclared = regexp.MustCompile(`^undeclared reference to '([^']*)'`)
	noOverload = regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '(.*)'`)
	dotted     = regexp.MustCompile(`^[A-Za-z_]\w*(\s*\.\s*[A-Za-z_]\w*)?`)
)

// issues takes over what CEL found wrong, in the words of those who write conditions.
func (f *faults) issues(found *cel.Issues, params []Param) {
	for _, e := range found.Errors() {
		start := beginning(f.text, f.offset(e.Location.Line(), e.Location.Column()))
		message := e.Message
		switch m := undeclared.FindStringSubmatch(message); {
		case m != nil:
			message = f.unknown(m[1], start, params)
		default:
			if m := noOverload.FindStringSubmatch(message); m != nil {
				message = fmt.Sprintf("%s is not for %s", operator(m[1]), m[2])
			}
		}
		f.add(start, "%s", shorten(message))
	}
}

// unknown says of a name that there is none, and which may have been meant.
func (f *faults) unknown(name string, start int32, params []Param) string {
	if written := dotted.FindString(runesFrom(f.text, start)); strings.HasPrefix(written, name) {
		name = strings.Join(strings.Fields(strings.ReplaceAll(written, ".", " . ")), "")
	}
	kind, field, _ := strings.Cut(name, ".")
	if kind == "params" {
		return fmt.Sprintf("the path has no variable %s: %s", field, available(params))
	}
	var names, fields []string
	for _, v := range variables() {
		names = append(names, v.name)
		if strings.HasPrefix(v.name, kind+".") {
			fields = append(fields, v.name)
		}
	}
	switch {
	case len(fields) > 0 && field == "":
		return fmt.Sprintf("%s is read by its fields: %s", kind, strings.Join(fields, ", "))
	case kind == "header" || kind == "query":
		return fmt.Sprintf("%s takes one name in quotes, as in %s(\"x\")", kind, kind)
	case nearest(name, names) != "":
		return fmt.Sprintf("unknown variable %s: did you mean %s?", name, nearest(name, names))
	case len(fields) > 0:
		return fmt.Sprintf("unknown variable %s: there are %s", name, strings.Join(fields, ", "))
	}
	return fmt.Sprintf("unknown variable %s: there are request, params, caller, user, source, header(…) and query(…)", name)
}

func available(params []Param) string {
	if len(params) == 0 {
		return "there are none here"
	}
	var names []string
	for _, p := range params {
		names = append(names, "params."+p.Name)
	}
	return "it has " + strings.Join(names, ", ")
}

// operator writes a function as it is written: _==_ is ==.
func operator(name string) string {
	if strings.HasPrefix(name, "_") || strings.HasSuffix(name, "_") || strings.HasPrefix(name, "@") {
		return strings.Trim(name, "_@")
	}
	return name
}

// result refuses an expression that is not true or false.
func (f *faults) result(t *types.Type) {
	if t.Kind() == types.DynKind {
		f.add(0, "a condition is true or false, and what this is only the request shows: compare it, as in … == true")
		return
	}
	f.add(0, "a condition is true or false: this is a %s", t)
}

// offset returns the code point at a line, from 1, and a column, from 0.
func (f *faults) offset(line, column int) int32 {
	at, runes := 1, []rune(f.text)
	for i := range runes {
		if at == line {
			return int32(i + column)
		}
		if runes[i] == '\n' {
			at++
		}
	}
	return int32(len(runes))
}

func runesFrom(s string, start int32) string {
	runes := []rune(s)
	return string(runes[min(max(int(start), 0), len(runes)):])
}

// shorten keeps a message in one line that can be read.
func shorten(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	if runes := []rune(s); len(runes) > 300 {
		return string(runes[:300]) + "…"
	}
	return s
}

// nearest returns the name that differs in at most two letters, or "".
func nearest(written string, names []string) string {
	best, distance := "", 3
	if len(written) > 40 {
		return ""
	}
	for _, name := range names {
		if d := edits(written, name); d < distance {
			best, distance = name, d
		}
	}
	return best
}

// edits counts the letters that are missing, too many or wrong (the Levenshtein distance).
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		above := slices.Clone(row)
		row[0] = i + 1
		for j := range len(b) {
			row[j+1] = min(above[j+1], row[j]) + 1
			if a[i] == b[j] {
				row[j+1] = min(row[j+1], above[j])
			} else {
				row[j+1] = min(row[j+1], above[j]+1)
			}
		}
	}
	return row[len(b)]
}
