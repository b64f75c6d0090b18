package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postern/postern/policy/template"
)

// nearly says how far a path is from a template that does not match it, and what is between.
// What is beyond length is not worth naming.
func nearly(t template.Template, path []string) (distance int, why string) {
	last := len(path) - 1
	switch {
	case path[last] == "" && last > 0 && t.Match(path[:last]):
		return spelling, "the request's path has a slash at its end, and the route's has none"
	case t.Match(append(slices.Clone(path), "")):
		return spelling, "the request's path has no slash at its end, and the route's has one"
	case last > 0 && t.Match(path[:last]):
		return length, "the request's path goes on where the route's ends"
	}
	wants := t.Segments()
	if len(path) < len(wants)-1 || len(path) > len(wants) && !wants[len(wants)-1].Rest {
		return length + 1, ""
	}
	if len(path) < len(wants) {
		if literals, at := compare(wants[:len(path)], path); literals == 0 || at >= 0 {
			return length + 1, ""
		}
		return length, "the request's path ends where the route's goes on"
	}
	literals, at := compare(wants, path)
	switch {
	case at < 0:
		return length + 1, ""
	case path[at] == "":
		return typing, fmt.Sprintf("segment %d of the request's path is empty", at+1)
	}
	why = fmt.Sprintf("segment %d of the path is %q, and the route has %q", at+1, path[at], wants[at].Literal)
	switch {
	case strings.EqualFold(path[at], wants[at].Literal):
		return spelling, why
	case similar(path[at], wants[at].Literal):
		return typing, why
	case literals > 0:
		return segment, why
	default:
		return length + 1, ""
	}
}

// compare counts the literals of a template that are those of a path, and returns the one segment
// that is another; -1 when there is none, or more than one.
func compare(wants []template.Segment, path []string) (literals, at int) {
	at = -1
	for i, w := range wants {
		switch {
		case w.Rest:
			return literals, at
		case w.Variable != "" && path[i] != "":
		case w.Variable == "" && w.Literal == path[i]:
			literals++
		case at >= 0:
			return 0, -1
		default:
			at = i
		}
	}
	return literals, at
}

// similar says that two words differ in two letters that stand together, at most.
func similar(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	if len(b) < 3 {
		return false
	}
	same := 0
	for same < len(b) && a[same] == b[same] {
		same++
	}
	tail := 0
	for tail < len(b)-same && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	return len(a)-same-tail <= 2
}

// valid returns those of the values that are UTF-8.
func valid(all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return strings.ToValidUTF8(s, "") != s })
}
