package tree_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postern/postern/policy/syntax/tree"
)

// faultOf returns the first fault of a text as "line:column: message", or "".
func faultOf(text string) string {
	parts, faults := tree.Split([]byte(text))
	for _, p := range parts {
		_, more := tree.Read(p)
		faults = append(faults, more...)
	}
	if len(faults) == 0 {
		return ""
	}
	return fmt.Sprintf("%d:%d: %v", faults[0].Line, faults[0].Column, faults[0])
}

// refused is every way in which a text is outside the subset, and what is said of it.
var refused = []struct{ text, fault string }{
	{"a: b\n c: d\n", `2:2: this is indented more than the field above, which has its value already`},
	{"a:\n  b: c\n d: e\nf: g\n", `3:2: this is indented more than the field above, which has its value already`},
	{"a: [b, c\nd: e\nf: g\n", `2:1: expected a comma or "]": the list that begins in line 1 is not closed`},
	{"a: {b: c\nd: e\n", `2:1: expected a comma or "}": the mapping that begins in line 1 is not closed`},
	{"a: b\nc: \"d\ne: f\n", `2:4: the quote that opens here does not close on this line`},
	{"a: b: c\n", `1:5: a second colon on one line: put a value that holds ": " in quotes`},
	{"x: y\na: @foo\n", `2:4: a plain value cannot begin with "@": put it in quotes`},
	{"a: b\nmethods: [*]\nc: d\n", `2:11: * is an alias to YAML: write "*" in quotes`},
	{"a: b\nmethods: *\nc: d\n", `2:10: * is an alias to YAML: write "*" in quotes`},
	{"a: b\nfoo\nc: d\n", `2:1: expected a field, as in "name: value"`},
	{"http: {methods: [GET], path: /customers/{id}}\nb: c\n", `1:41: "{" inside a value: put the value in quotes`},
	{"a: b\nhttp: {methods: [GET], path: /customers/{id}, hosts: [x]}\nb: c\n", `2:41: "{" inside a value: put the value in quotes`},
	{"a:\n- b\n- c\n d: e\n", `4:2: this is indented more than the list items above, and belongs to none of them`},
	{"a:\n- b\nc: d\n - e\n", `4:2: this is indented more than the field above, which has its value already`},
	{"a: b]\nc: ]\n", `2:4: a plain value cannot begin with "]": put it in quotes`},
	{"a: 'b' c\n", `1:8: the quotes end before this, and the value with them: put all of it in quotes of the other kind, or below a |`},
	{"a: \"\\q\"\n", `1:5: an escape that is not supported: \\ \" \b \f \n \r \t \xHH \uHHHH \UHHHHHHHH are`},
	{"{a: b}\nfoo: bar\n", `2:1: this belongs to nothing above: check its indent`},
	{"a: |\n  x\n y\nb: c\n", `3:2: this is indented less than the first line of the text`},
	{"a: b\n- c\n", `2:1: a list item among the fields of a mapping`},
	{"- a\nb: c\n", `2:1: this belongs to nothing above: check its indent`},
	{"a: %x\n", `1:4: a plain value cannot begin with "%": put it in quotes`},
	{"a: b\nc: `d`\n", "2:4: a plain value cannot begin with \"`\": put it in quotes"},
	{"a: b\n? c\n", `2:1: keys with ? are not supported: put a value that begins with ? in quotes`},
	{"a: &\n", `1:4: an anchor (&) is not supported: put a value that begins with & in quotes`},
	{"a: !<\n", `1:4: a tag (!) is not supported: put a value that begins with ! in quotes`},
	{"a: b\n  - c\n", `2:3: this is indented more than the field above, which has its value already`},
	{"a: - b\n", `1:4: a list begins on the line below its field`},
	{"a:b\nc: d\n", `1:1: expected a field, as in "name: value": a space follows the colon`},
	{"x: y\na:b\nc: d\n", `2:1: expected a field, as in "name: value": a space follows the colon`},
	{"a: [x y: z, {]\n", `1:8: a field inside a list: close the list before it, or put it in {}, or in quotes if it is one value`},
	{"a: {b: c, b d}\n", `1:14: expected a colon and a value behind "b d": a value that holds {} is put in quotes`},
	{"a: [a, b]]\n", `1:10: expected the end of the line behind a value, found "]"`},
	{"a: b\nc: [a}\nd: e\n", `2:6: expected a comma or "]", found "}"`},
	{"a: {x: {rest...}\n", `1:16: expected a colon and a value behind "rest...": a value that holds {} is put in quotes`},
	{"a: *b\n", `1:4: an alias (*) is not supported: put a value that begins with * in quotes`},
	{"a: &b c\n", `1:4: an anchor (&) is not supported: put a value that begins with & in quotes`},
	{"a: !!str b\n", `1:4: a tag (!) is not supported: put a value that begins with ! in quotes`},
	{"<<: b\n", `1:1: merge keys are not supported: write the fields out`},
	{"a: {<<: b}\n", `1:5: merge keys are not supported: write the fields out`},
	{"a: b\na: c\n", `2:1: "a" stands here twice, first in line 1`},
	{"{a: b, c: d, a: e}\n", `1:14: "a" stands here twice, first in line 1`},
	{"[a: b]\n", `1:3: a field inside a list: close the list before it, or put it in {}, or in quotes if it is one value`},
	{"{[a]: b}\n", `1:2: a field's name is a word, not a list or a mapping`},
	{"[a]: b\n", `1:4: a second colon on one line: put a value that holds ": " in quotes`},
	{"? a\n: b\n", `1:1: keys with ? are not supported: put a value that begins with ? in quotes`},
	{"a: \"b\n  c\"\n", `1:4: the quote that opens here does not close on this line`},
	{"a: 'b\n  c'\n", `1:4: the quote that opens here does not close on this line`},
	{"a: b\n  c\n", `2:3: this is indented more than the field above, which has its value already: a value of several lines begins with | and a new line`},
	{"[a\n b]\n", `2:2: expected a comma or "]": the list that begins in line 1 is not closed`},
	{"a:\tb\n", `1:3: a tab: YAML is indented with spaces, and a quoted string spells it \t`},
	{"\ta: b\n", `1:1: a tab: YAML is indented with spaces, and a quoted string spells it \t`},
	{"\ufeffa: b\n", `1:1: a byte order mark: save the file as UTF-8 without it`},
	{"a: \xff\n", `1:4: a byte that is not UTF-8`},
	{"a: \x00\n", `1:4: a control character (U+0000)`},
	{"a: \u0085\n", `1:4: a control character (U+0085)`},
	{"a: \u202e\n", `1:4: a character that changes the direction of text (U+202E), so that it reads as what it is not`},
	{"a: b\rc: d\n", `1:5: a carriage return alone: lines end in \n or \r\n`},
	{"%YAML 1.2\n---\na: b\n", `1:1: directives are not supported`},
	{"a: b\n...\n", `2:1: "..." is not supported: documents are separated by "---"`},
	{"--- a\n", `1:1: a document begins on the line below "---"`},
	{"a : b\n", `1:2: a space before the colon of a field`},
	{"a: |2\n   b\n", `1:5: behind | and > stands - or + or nothing, and the text below`},
	{"a: |\n    \n  b\n", `3:1: the blank lines above are indented more than this first line of the text`},
	{"a: |\n   b\n  # c\n  d\n", `3:3: a comment inside a text: indent it with the text, or less than its field`},
	{"|\n a\n", `1:1: a document is a mapping, not a string`},
	{"a: {b: c?d}\n", `1:9: a value in brackets that holds ? is put in quotes`},
	{"a: {b:}\n", `1:6: a space follows the colon of a field: put a value that ends in a colon in quotes`},
	{"a: b\nc: :d\n", `2:4: expected a field or a value, found a colon: put a value that begins with one in quotes`},
	{"a: [b, , c]\n", `1:8: a comma with nothing before it`},
	{"a: [, b]\n", `1:5: a comma with nothing before it`},
	{"a: {b}\n", `1:6: expected a colon and a value behind "b": a value that holds {} is put in quotes`},
	{"a: {b:c}\n", `1:8: expected a colon and a value behind "b:c": a value that holds {} is put in quotes`},
	{"a: {: b}\n", `1:5: expected a field or a value, found a colon: put a value that begins with one in quotes`},
	{": b\n", `1:1: expected a field or a value, found a colon: put a value that begins with one in quotes`},
	{"a: [- b]\n", `1:5: a list item cannot stand here: put a lone "-" in quotes`},
	{"a: [-]\n", `1:5: a list item cannot stand here: put a lone "-" in quotes`},
	{"a: \"b\"c\n", `1:7: the quotes end before this, and the value with them: put all of it in quotes of the other kind, or below a |`},
	{"a: [b]c\n", `1:7: expected the end of the line behind a value, found "c"`},
	{"a: [\"b\" \"c\"]\n", `1:9: expected a comma or "]", found "\""`},
	{"a: \"b\": c\n", `1:7: a second colon on one line: put a value that holds ": " in quotes`},
	{"a: \"\\ud83d\"\n", `1:5: an escape that is not supported: \\ \" \b \f \n \r \t \xHH \uHHHH \UHHHHHHHH are`},
	{"a: \"\\x4\"\n", `1:5: an escape that is not supported: \\ \" \b \f \n \r \t \xHH \uHHHH \UHHHHHHHH are`},
	{"a: \"b\\", `1:6: an escape that is not supported: \\ \" \b \f \n \r \t \xHH \uHHHH \UHHHHHHHH are`},
	{"a: \"", `1:4: the quote that opens here does not close on this line`},
	{"a: [", `1:4: the [ that opens here is never closed`},
	{"a: {b: ", `1:4: the { that opens here is never closed`},
	{"a: {b", `1:6: expected a colon and a value behind "b"`},
	{"a: [b #c]\n", `1:4: the [ that opens here is never closed`},
	{"a: \"b\"#c\n", `1:7: the quotes end before this, and the value with them: put all of it in quotes of the other kind, or below a |`},
	{"'a'b: c\n", `1:4: the quotes end before this, and the value with them: put all of it in quotes of the other kind, or below a |`},
	{"a:\n- b\n-c\n", `3:1: expected a field, as in "name: value": a space follows the dash of a list item`},
	{"  a: b\nc: d\n", `2:1: this belongs to nothing above: check its indent`},
	{"- a\n - b\n", `2:2: this is indented more than the list items above, and belongs to none of them`},
	{"- a: b\n c: d\n", `2:2: this is indented more than the list items above, and belongs to none of them`},
	{"- a: b\n   c: d\n", `2:4: this is indented more than the field above, which has its value already`},
	{"a: >x\n", `1:5: behind | and > stands - or + or nothing, and the text below`},
	{"a: |\n b\n---\nc: *d\n", `4:4: an alias (*) is not supported: put a value that begins with * in quotes`},
	{"a", `1:1: expected a field, as in "name: value"`},
	{"a b\n", `1:1: expected a field, as in "name: value"`},
	{"'a", `1:1: the quote that opens here does not close on this line`},
	{"a: b # c\n  d\n", `2:3: this is indented more than the field above, which has its value already: a value of several lines begins with | and a new line`},
	{"a: @\n", `1:4: a plain value cannot begin with "@": put it in quotes`},
	{"a: }\n", `1:4: a plain value cannot begin with "}": put it in quotes`},
	{"a: [}\n", `1:5: a plain value cannot begin with "}": put it in quotes`},
	{"a: {b: ]\n", `1:8: a plain value cannot begin with "]": put it in quotes`},
	{"a: {b: c]\n", `1:9: expected a comma or "}", found "]"`},
	{"a: {b: [c}\n", `1:10: expected a comma or "]", found "}"`},
	{"a: ,\n", `1:4: a plain value cannot begin with ",": put it in quotes`},
	{"a: { b: c\n", `1:4: the { that opens here is never closed`},
	{"a:\n  - b: c\n    - d\n", `3:5: a list item among the fields of a mapping`},
	{strings.Repeat("[", 40), `1:32: values are nested more than 32 deep`},
	{strings.Repeat("- ", 40), `1:65: values are nested more than 32 deep`},
	{strings.Repeat("a", 1030) + ": b\n", `1:1: a field's name has at most 1024 bytes`},
	{many + "k7: x\n", `21:1: "k7" stands here twice, first in line 8`},
	{strings.Repeat("a: b\n", 200), `2:1: "a" stands here twice, first in line 1`},
	{strings.Repeat("long", 30) + "\"", `1:1: expected a field, as in "name: value"`},
	{"a: [" + strings.Repeat("b", 100) + ": c]", `1:105: a field inside a list: close the list before it, or put it in {}, or in quotes if it is one value`},
	{"{" + strings.Repeat("b", 100) + "}", "1:102: expected a colon and a value behind \"" + strings.Repeat("b", 64) + "…\": a value that holds {} is put in quotes"},
	{"a: [b,", `1:4: the [ that opens here is never closed`},
	{"a: [b\"", `1:4: the [ that opens here is never closed`},
	{"a: [\"b\" c]", `1:9: expected a comma or "]", found "c"`},
	{"--- \n--- b\n", `2:1: a document begins on the line below "---"`},
	{"a: [" + strings.Repeat("a,", 1_000_001), `1:2000006: a document has at most 1000000 values`},
	{strings.Repeat("- a\n", 1_000_001), `1000002:1: a document has at most 1000000 values`},
	{"{" + strings.Repeat("a", 1030) + ": b}\n", `1:1032: a field's name has at most 1024 bytes`},
}

// many is a mapping that is searched by an index.
var many = func() string {
	var b strings.Builder
	for i := range 20 {
		fmt.Fprintf(&b, "k%d: x\n", i)
	}
	return b.String()
}()

func refusedTexts() []string {
	var all []string
	for _, r := range refused {
		all = append(all, r.text)
	}
	return all
}

func TestRefused(t *testing.T) {
	for _, tc := range refused {
		if got := faultOf(tc.text); got != tc.fault {
			t.Errorf("%q\n got %s\nwant %s", tc.text, got, tc.fault)
		}
	}
}

// TestReadGoesOn holds that a key that stands twice hides no other fault, and that there is a bound.
func TestReadGoesOn(t *testing.T) {
	for text, want := range map[string]int{"a: b\na: c\na: d\ne: [\n": 3, strings.Repeat("a: b\n", 10_000): 101} {
		parts, faults := tree.Split([]byte(text))
		node, more := tree.Read(parts[0])
		if faults != nil || node != nil || len(more) != want {
			t.Errorf("%d faults, want %d; a node: %v", len(more), want, node != nil)
		}
	}
	parts, _ := tree.Split([]byte("a: b\na: c\nd: e\n"))
	if node, faults := tree.Read(parts[0]); len(faults) != 1 || len(node.Items) != 4 || node.Items[1].Text != "b" {
		t.Errorf("%v %+v", faults, node)
	}
}

func TestFieldsEnds(t *testing.T) {
	parts, _ := tree.Split([]byte("a: b\nc: d\n"))
	node, _ := tree.Read(parts[0])
	for key := range node.Fields() {
		if key.Text != "a" {
			t.Error("a loop that was left went on")
		}
		break
	}
}

func TestTypeOf(t *testing.T) {
	for plain, want := range map[string]tree.PlainType{
		"": tree.Null, "~": tree.Null, "Null": tree.Null, "true": tree.Boolean, "OFF": tree.Boolean, "n": tree.Boolean, "<<": tree.Special, "=": tree.Special,
		"0": tree.Number, "-1": tree.Number, "+.5": tree.Number, "1_0": tree.Number, "0b1": tree.Number, "0o7": tree.Number, "0xF": tree.Number, "1e5": tree.Number, ".inf": tree.Number, "-.INF": tree.Number, ".NaN": tree.Number, "1:30": tree.Number, "190:20:30.15": tree.Number,
		"2024-01-01": tree.Date, "2024-1-1T00:00:00Z": tree.Date, "2024-01-01 10:00:00": tree.Date,
		"a": tree.String, "truth": tree.String, "noon": tree.String, "1.2.3": tree.String, "10.0.0.0/8": tree.String, "5m": tree.String, "-": tree.String, "1:70": tree.String, "2024-01": tree.String, "...": tree.String, "0x": tree.String, "08a": tree.String, "===": tree.String,
	} {
		if got := tree.TypeOf(plain); got != want {
			t.Errorf("%q is %d, want %d", plain, got, want)
		}
	}
}
