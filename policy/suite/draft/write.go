package draft

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/syntax/tree"
)

// A writer writes documents.
type writer struct {
	strings.Builder
	callers map[string]string // names of the SPIFFE IDs of one document
	users   map[string]string // names of its users, by how they are written
}

// document writes the tests of one workload.
func (w *writer) document(t *target, entries []entry) {
	if w.Len() > 0 {
		w.WriteString("---\n")
	}
	w.callers, w.users = map[string]string{}, map[string]string{}
	var callers, users []string
	for i := range entries {
		for _, e := range append([]entry{entries[i]}, entries[i].cases...) {
			callers = w.nameCaller(callers, e.wish)
		}
		users = w.nameUser(users, &entries[i])
	}
	fmt.Fprintf(w, "# Written from the policy by postern test --init: read what it expects, and make it yours.\n"+
		"apiVersion: postern.dev/v1alpha1\nkind: PolicyTest\nmetadata: %s\nspec:\n  workload: %s\n", metadata(t), quoted(t.workload))
	if len(callers) > 0 {
		w.WriteString("  callers:\n" + strings.Join(callers, ""))
	}
	if len(users) > 0 {
		w.WriteString("  users:\n" + strings.Join(users, ""))
	}
	w.WriteString("  tests:\n")
	for i := range entries {
		w.entry(&entries[i])
	}
}

func metadata(t *target) string {
	if t.namespace == "" {
		return "{name: " + quoted(t.name) + "}"
	}
	return "{name: " + quoted(t.name) + ", namespace: " + quoted(t.namespace) + "}"
}

// nameCaller gives the caller of a wish a name, and adds its line.
func (w *writer) nameCaller(lines []string, of *wish) []string {
	if of == nil || of.caller == "" || w.callers[of.caller] != "" {
		return lines
	}
	last := of.caller[strings.LastIndexByte(of.caller, '/')+1:]
	name := unique(label(last, "caller"), maps.Values(w.callers))
	w.callers[of.caller] = name
	return append(lines, fmt.Sprintf("    %s: %s\n", quoted(name), quoted(of.caller)))
}

// nameUser gives the user of a test a name, and adds its line. Those of its cases are like it.
func (w *writer) nameUser(lines []string, e *entry) []string {
	if e.wish == nil || e.wish.user == nil {
		return lines
	}
	written := mappingOf(e.wish.user.fields())
	if w.users[written] != "" {
		return lines
	}
	name := unique("user", maps.Values(w.users))
	w.users[written] = name
	return append(lines, fmt.Sprintf("    %s: %s\n", name, written))
}

var notLabel = regexp.MustCompile(`[^a-z0-9]+`)

// label makes a name of a text.
func label(text, fallback string) string {
	text = strings.Trim(notLabel.ReplaceAllString(strings.ToLower(text), "-"), "-")
	if text == "" || text == "none" || len(text) > 40 || tree.TypeOf(text) != tree.String {
		return fallback
	}
	return text
}

func unique(name string, taken func(func(string) bool)) string {
	all := slices.Collect(taken)
	candidate := name
	for n := 2; slices.Contains(all, candidate); n++ {
		candidate = fmt.Sprintf("%s-%d", name, n)
	}
	return candidate
}

// entry writes one test, or a comment.
func (w *writer) entry(e *entry) {
	if e.wish == nil {
		fmt.Fprintf(w, "  # %s\n", oneLine(e.comment))
		return
	}
	fmt.Fprintf(w, "  - name: %s\n    request: %s\n", quoted(e.name), e.wish.request())
	if e.wish.caller != "" {
		fmt.Fprintf(w, "    caller: %s\n", w.callers[e.wish.caller])
	}
	if e.wish.user != nil {
		fmt.Fprintf(w, "    user: %s\n", w.users[mappingOf(e.wish.user.fields())])
	}
	if len(e.cases) == 0 {
		fmt.Fprintf(w, "    expect: %s%s\n", expect(e.outcome), behind(e.comment))
		return
	}
	w.WriteString("    cases:\n")
	for i := range e.cases {
		c := &e.cases[i]
		fmt.Fprintf(w, "    - %s%s\n", mappingOf(append([]field{{"name", quoted(c.name)}}, w.differs(e.wish, c)...)), behind(c.comment))
	}
}

func behind(comment string) string {
	if comment == "" {
		return ""
	}
	return " # " + oneLine(comment)
}

// oneLine keeps the name of a file, which may hold anything, from ending the comment.
func oneLine(comment string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, comment)
}

// A field is a name and its value as they are written.
type field struct{ name, value string }

func mappingOf(fields []field) string {
	var parts []string
	for _, f := range fields {
		parts = append(parts, f.name+": "+f.value)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func listOf(values []string) string {
	var parts []string
	for _, v := range values {
		parts = append(parts, quoted(v))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// differs returns what a case has otherwise than the test that it stands in.
func (w *writer) differs(base *wish, c *entry) []field {
	var fields []field
	if request := c.wish.requestOver(base); request != "" {
		fields = append(fields, field{"request", request})
	}
	if c.wish.caller != base.caller {
		name := "none"
		if c.wish.caller != "" {
			name = w.callers[c.wish.caller]
		}
		fields = append(fields, field{"caller", name})
	}
	if user := w.userOver(base.user, c.wish.user); user != "" {
		fields = append(fields, field{"user", user})
	}
	return append(fields, field{"expect", expect(c.outcome)})
}

// expect returns what came of a request as what is expected of it. A rule is named by its name
// alone: its place is another after the next edit.
func expect(r *suite.Result) string {
	d := &r.Decision
	differs := d.Shadow != nil && d.Shadow.Allow != d.Allow
	if d.Reason == reason.Allowed && d.RuleName == "" && !differs {
		return "allow"
	}
	fields := []field{{"decision", suite.Verdict(d.Allow)}}
	if d.Reason != reason.Allowed {
		fields = append(fields, field{"reason", d.Reason.String()})
	}
	if d.RuleName != "" {
		fields = append(fields, field{"rule", quoted(d.RuleName)})
	}
	if differs {
		fields = append(fields, field{"shadow", suite.Verdict(d.Shadow.Allow)})
	}
	return mappingOf(fields)
}

// bare is what needs no quotes anywhere in the documents that are written here.
var bare = regexp.MustCompile(`^[A-Za-z0-9_/][A-Za-z0-9_./%-]*(:[A-Za-z0-9_./%-]+)*( [A-Za-z0-9_./%()-]+(:[A-Za-z0-9_./%-]+)*)*$`)

// quoted returns a string as YAML takes it, in quotes where it needs them.
func quoted(s string) string {
	if bare.MatchString(s) && tree.TypeOf(s) == tree.String {
		return s
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return `""` // no string cannot be encoded
	}
	return strings.TrimSuffix(b.String(), "\n")
}
