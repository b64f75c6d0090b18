package template_test

import (
	"testing"

	"github.com/postern/postern/policy/template"
)

// universe returns every template and every canonical path of up to three segments over a small
// alphabet. Paths have one letter more than templates, which stands for all the others, and one
// segment more, which stands for all that are longer.
func universe(t *testing.T) (templates []template.Template, paths [][]string) {
	for _, text := range spell("", []string{"a", "b", "{x}"}, []string{"", "{r...}"}, 3) {
		templates = append(templates, parse(t, text))
	}
	for _, text := range spell("", []string{"a", "b", "c"}, []string{""}, 4) {
		paths = append(paths, path(text))
	}
	return templates, paths
}

// spell returns every sequence of up to depth segments; those of last stand at the end only.
// Variables are numbered by their place, since a name may stand in a template only once.
func spell(prefix string, alphabet, last []string, depth int) []string {
	if depth == 0 {
		return nil
	}
	var all []string
	for _, s := range last {
		all = append(all, prefix+"/"+s)
	}
	for _, s := range alphabet {
		if s == "{x}" {
			s = "{x" + string(rune('0'+depth)) + "}"
		}
		all = append(append(all, prefix+"/"+s), spell(prefix+"/"+s, alphabet, last, depth-1)...)
	}
	return all
}

// TestOverlapIsIntersection holds Overlap, Same and Narrower to their meaning as sets of paths.
func TestOverlapIsIntersection(t *testing.T) {
	templates, paths := universe(t)
	if len(templates) < 60 || len(paths) < 150 {
		t.Fatalf("%d templates and %d paths prove little", len(templates), len(paths))
	}
	for _, a := range templates {
		for _, b := range templates {
			both, ok := template.Overlap(a, b)
			anyBoth, anyA, anyB := false, false, false
			for _, p := range paths {
				inA, inB := a.Match(p), b.Match(p)
				anyBoth, anyA, anyB = anyBoth || inA && inB, anyA || inA && !inB, anyB || inB && !inA
				if both.Match(p) != (inA && inB) {
					t.Fatalf("%s and %s overlap in %q: wrong at %q", a, b, both, p)
				}
			}
			if ok != anyBoth {
				t.Fatalf("%s and %s overlap: %v, want %v", a, b, ok, anyBoth)
			}
			if got, want := template.Same(a, b), !anyA && !anyB; got != want {
				t.Fatalf("%s and %s are the same: %v, want %v", a, b, got, want)
			}
			if got, want := template.Narrower(a, b), !anyA && anyB && anyBoth; got != want {
				t.Fatalf("%s is narrower than %s: %v, want %v", a, b, got, want)
			}
		}
	}
}

// TestOverlapIsATemplate holds that what Overlap returns could have been written by hand, and
// that the order of its arguments does not matter.
func TestOverlapIsATemplate(t *testing.T) {
	templates, _ := universe(t)
	for _, a := range templates {
		for _, b := range templates {
			ab, ok := template.Overlap(a, b)
			ba, _ := template.Overlap(b, a)
			if !template.Same(ab, ba) {
				t.Fatalf("%s and %s overlap in %s one way, in %s the other", a, b, ab, ba)
			}
			if ok && !template.Same(parse(t, ab.String()), ab) {
				t.Fatalf("%s is written as another template", ab)
			}
		}
	}
}

// TestOverlapNames holds that variables of the two never meet in one template: /{x}/{r...} and
// /{y}/{x}/q would otherwise name two segments x.
func TestOverlapNames(t *testing.T) {
	for _, tc := range []struct{ a, b, want string }{
		{"/{x}/{r...}", "/{y}/{x}/q", "/{y}/{x}/q"},
		{"/{x}/{y}", "/a/{x}", "/a/{y}"},
		{"/{x}/b", "/{y}/{x}", "/{x}/b"},
		{"/{r...}", "/{s...}", "/{r...}"},
		{"/{r...}", "/a/{s...}", "/a/{s...}"},
		{"/{r...}", "/", "/"},
		{"/a/{r...}", "/a/", "/a/"},
		{"/a/{r...}", "/{x}/", "/a/"},
		{"/a/{r...}", "/{x}/b/{r...}", "/a/b/{r...}"},
	} {
		both, ok := template.Overlap(parse(t, tc.a), parse(t, tc.b))
		if !ok || both.String() != tc.want {
			t.Errorf("%s and %s overlap in %q, want %q", tc.a, tc.b, both, tc.want)
		}
		parse(t, both.String())
	}
}
