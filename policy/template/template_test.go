package template_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/policy/template"
)

func parse(t testing.TB, text string) template.Template {
	t.Helper()
	parsed, err := template.Parse(text)
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return parsed
}

// path returns the segments of a path that begins with a slash.
func path(p string) []string { return strings.Split(p[1:], "/") }

func TestMatch(t *testing.T) {
	for _, tc := range []struct {
		template string
		yes, no  []string
	}{
		{"/", []string{"/"}, []string{"/a", "/a/"}},
		{"/healthz", []string{"/healthz"}, []string{"/", "/healthz/", "/healthz/x", "/Healthz", "/health"}},
		{"/orders/", []string{"/orders/"}, []string{"/orders", "/orders/1"}},
		{"/{a}", []string{"/x"}, []string{"/", "/x/", "/x/y"}},
		{"/orders/{id}", []string{"/orders/1", "/orders/{id}"}, []string{"/orders/", "/orders", "/orders/1/", "/orders/1/2", "/order/1"}},
		{"/{a}/x/{b}", []string{"/1/x/2"}, []string{"/1/y/2", "/1/x/", "/1/x"}},
		{"/{rest...}", []string{"/", "/a", "/a/", "/a/b/c", "/a/b/"}, nil},
		{"/admin/{rest...}", []string{"/admin/", "/admin/x", "/admin/x/", "/admin/x/y"}, []string{"/admin", "/admins/x", "/"}},
		{"/my docs/ä", []string{"/my docs/ä"}, []string{"/my docs/a", "/my%20docs/ä"}},
	} {
		parsed := parse(t, tc.template)
		if parsed.String() != tc.template {
			t.Errorf("%s is written %s", tc.template, parsed)
		}
		for _, p := range tc.yes {
			if !parsed.Match(path(p)) {
				t.Errorf("%s does not match %s", parsed, p)
			}
		}
		for _, p := range tc.no {
			if parsed.Match(path(p)) {
				t.Errorf("%s matches %s", parsed, p)
			}
		}
	}
}

// TestTwo holds every two of these to what they say of the paths: there is a path for each two that
// overlap, and one for each that is not within the other.
func TestTwo(t *testing.T) {
	templates := []string{"/", "/a", "/a/", "/a/b", "/a/b/", "/{x}", "/{x}/", "/{x}/b", "/a/{x}", "/{x}/{y}", "/{x...}", "/a/{x...}", "/{x}/b/{y...}", "/a/b/c"}
	paths := []string{"/", "/a", "/b", "/a/", "/b/", "/a/b", "/b/b", "/a/c", "/b/c", "/a/b/", "/b/b/", "/a/b/c", "/b/b/c", "/a/c/c"}
	for _, a := range templates {
		for _, b := range templates {
			want := slices.ContainsFunc(paths, func(p string) bool { return parse(t, a).Match(path(p)) && parse(t, b).Match(path(p)) })
			if got := parse(t, a).Overlaps(parse(t, b)); got != want {
				t.Errorf("%s and %s overlap: %v, want %v", a, b, got, want)
			}
			within := !slices.ContainsFunc(paths, func(p string) bool { return parse(t, a).Match(path(p)) && !parse(t, b).Match(path(p)) })
			if got := parse(t, a).Within(parse(t, b)); got != within {
				t.Errorf("%s is within %s: %v, want %v", a, b, got, within)
			}
		}
	}
	if (template.Template{}).Overlaps(template.Template{}) {
		t.Error("the zero Template overlaps itself")
	}
}

func TestShapeAndTrunk(t *testing.T) {
	for _, tc := range []struct{ text, shape, trunk string }{
		{"/", "/", ""}, {"/a/", "/a/", ""}, {"/a/{b}", "/a/{}", ""}, {"/{rest...}", "/{...}", ""},
		{"/a/{rest...}", "/a/{...}", "/a"}, {"/{a}/b/{c...}", "/{}/b/{...}", "/{a}/b"},
	} {
		trunk, ok := parse(t, tc.text).Trunk()
		if got := parse(t, tc.text).Shape(); got != tc.shape || trunk.String() != tc.trunk || ok != (tc.trunk != "") {
			t.Errorf("%s has the shape %s and the trunk %s (%v)", tc.text, got, trunk, ok)
		}
		if ok && !trunk.Match(path(strings.NewReplacer("{a}", "x").Replace(tc.trunk))) {
			t.Errorf("%s does not match as a template", trunk)
		}
	}
}

func TestZeroMatchesNothing(t *testing.T) {
	var zero template.Template
	for _, p := range [][]string{nil, {}, {""}, {"a"}} {
		if zero.Match(p) {
			t.Errorf("the zero Template matches %q", p)
		}
	}
	if parse(t, "/").Match(nil) || parse(t, "/{r...}").Match(nil) {
		t.Error("no path at all is matched")
	}
}

func TestSegments(t *testing.T) {
	parsed := parse(t, "/a/{b}/{c...}")
	want := []template.Segment{{Literal: "a"}, {Variable: "b"}, {Variable: "c", Rest: true}}
	got := parsed.Segments()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	got[0].Literal = "changed"
	if parsed.Segments()[0].Literal != "a" {
		t.Error("Segments gives the template's own away")
	}
}

func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "a path begins with /",
		"a":                                  "a path begins with /",
		"{a}":                                "a path begins with /",
		"//":                                 "a path segment is empty: only a trailing slash may stand for an empty one",
		"/a//b":                              "a path segment is empty: only a trailing slash may stand for an empty one",
		"/./a":                               "a path has no dot segments",
		"/a/..":                              "a path has no dot segments",
		"/a%2Fb":                             "'%' in a path: literals are written decoded, as the character itself",
		"/a?b=c":                             "'?' in a path: a path has no query",
		"/a#b":                               "'#' in a path: a path has no fragment",
		"/a;b":                               "';' in a path: path parameters are not supported",
		`/a\b`:                               `'\\' in a path: segments are separated by /`,
		"/a/*":                               "'*' in a path: write {name} for one segment, {name...} for the rest",
		"/a/**":                              "'*' in a path: write {name} for one segment, {name...} for the rest",
		"/a/:id":                             `":id": a variable is written {id}`,
		"/a-{b}":                             "'{' in a path: a variable is a whole segment: {name}, or {name...} at the end",
		"/{a}-{b}":                           `"a}-{b" is no variable name: letters, digits and underscores, not a digit first`,
		"/{a}.json":                          "'{' in a path: a variable is a whole segment: {name}, or {name...} at the end",
		"/a}":                                "'}' in a path: a variable is a whole segment: {name}, or {name...} at the end",
		"/{a":                                "'{' in a path: a variable is a whole segment: {name}, or {name...} at the end",
		"/{}":                                "a variable has a name: {name}",
		"/{...}":                             "a variable has a name: {name}",
		"/{a...}/b":                          "{a...} stands at the end only; {a} is one segment",
		"/{a...}/":                           "{a...} stands at the end only; {a} is one segment",
		"/{a}/{a}":                           "the variable a stands here twice",
		"/{a}/{a...}":                        "the variable a stands here twice",
		"/{a b}":                             `"a b" is no variable name: letters, digits and underscores, not a digit first`,
		"/{1a}":                              `"1a" is no variable name: letters, digits and underscores, not a digit first`,
		"/{a-b}":                             `"a-b" is no variable name: letters, digits and underscores, not a digit first`,
		"/{id:[0-9]+}":                       `"id:[0-9]+" is no variable name: letters, digits and underscores, not a digit first`,
		"/{in}":                              "a variable cannot be named in: conditions use the word",
		"/{true}":                            "a variable cannot be named true: conditions use the word",
		"/a\x00":                             "'\\x00' in a path: a path has no control characters",
		"/a\u0085":                           "'\\u0085' in a path: a path has no control characters",
		"/\xff":                              "a path is UTF-8",
		"/{" + strings.Repeat("a", 64) + "}": "a variable's name has at most 63 bytes",
		"/" + strings.Repeat("a", 2048):      "a path template has at most 2048 bytes",
		strings.Repeat("/a", 65):             "a path template has at most 64 segments",
	} {
		parsed, err := template.Parse(text)
		if err == nil || err.Error() != want {
			t.Errorf("Parse(%q) = %v, want %s", text, err, want)
		}
		if parsed.String() != "" || parsed.Segments() != nil {
			t.Errorf("Parse(%q) returns a template beside its error", text)
		}
	}
}

// FuzzParse holds that what is accepted is written as it was read.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"/", "/a/{b}/{c...}", "/a/", "/{a}/{a}", "/a%2f", "/{rest...}", "//"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := template.Parse(text)
		if err != nil {
			if parsed.Segments() != nil {
				t.Fatal("a template beside an error")
			}
			return
		}
		var again strings.Builder
		for _, s := range parsed.Segments() {
			switch {
			case s.Rest:
				fmt.Fprintf(&again, "/{%s...}", s.Variable)
			case s.Variable != "":
				fmt.Fprintf(&again, "/{%s}", s.Variable)
			default:
				again.WriteString("/" + s.Literal)
			}
		}
		if again.String() != text {
			t.Fatalf("%q is read as %q", text, again.String())
		}
	})
}

func ExampleTemplate_Match() {
	t, err := template.Parse("/orders/{id}")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(t.Match([]string{"orders", "1"}), t.Match([]string{"orders", ""}))
	// Output:
	// true false
}
