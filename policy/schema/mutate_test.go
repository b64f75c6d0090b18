package schema_test

import (
	"flag"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/postern/postern/policy/syntax"
	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// odd are the values that are put in place of every other.
var odd = []any{nil, true, 7, "", "X y", []any{}, []any{"x", "x"}, map[string]any{}, map[string]any{"x": "y"}}

// beside are the fields that are put beside every other: one that nobody has, and those that
// exclude another.
var beside = []string{"zzz", "http", "grpc", "any", "all", "deny", "require", "url", "cookie", "callers", "namespace", "status"}

// every says that each place has all that is odd in turn, and not every third of it. Between them, the
// places have all of it in any case.
var every = flag.Bool("every", false, "try every odd value in every place")

// thirds returns every third of what there is, beginning with another for each place.
func thirds[T any](all []T, place int) (some []T) {
	for i, v := range all {
		if *every || (i+place)%3 == 0 {
			some = append(some, v)
		}
	}
	return some
}

// TestMutations changes every field of documents that are read, and asks the reader and the schema.
// What is read is good to the schema, and where the schema alone finds nothing wrong, the reader
// says something that no schema can.
func TestMutations(t *testing.T) {
	s, asked := all(t), map[string]bool{}
	first := func(document map[string]any, path string) bool { // of its sort
		sort := document["kind"].(string) + indices.ReplaceAllString(path, "n")
		seen := asked[sort]
		asked[sort] = true
		return !seen
	}
	for _, document := range everyField(t) {
		found := placesOf(document)
		for _, path := range slices.Sorted(maps.Keys(found)) {
			var all []any
			if path != "" && first(document, path) {
				all = mutants(document, path, len(asked))
			}
			if object, ok := found[path].(map[string]any); ok && first(document, path+"/beside") {
				for _, name := range thirds(beside, len(asked)) {
					all = append(all, changed(document, split(path+"/"+name), func(any, string) any { return with(object, name, "x") }))
				}
			}
			for _, mutant := range all {
				agree(t, s, encode(t, mutant))
			}
		}
	}
	if len(asked) < 300 {
		t.Errorf("%d places", len(asked))
	}
}

// agree asks the reader and the schema.
func agree(t *testing.T, s *jsonschema.Schema, text []byte) {
	t.Helper()
	err, faults := s.Validate(decode(t, text)), said(string(text))
	switch {
	case err != nil && len(faults) == 0:
		t.Errorf("%s\nis read, and the schema refuses it: %v", text, err)
	case err == nil && slices.ContainsFunc(faults, func(f *syntax.Error) bool { return isStructural(f.Message) }):
		t.Errorf("%s\nis good to the schema, and the reader says %v", text, faults)
	}
}

// everyField returns documents that have every field of the grammar.
func everyField(t testing.TB) (documents []map[string]any) {
	t.Helper()
	text := read(t, "testdata/every-field.yaml")
	for _, fault := range said(string(text)) {
		t.Error(fault)
	}
	for _, in := range instances(text) {
		documents = append(documents, in.value.(map[string]any))
	}
	return documents
}

// placesOf returns every value of a document by its path.
func placesOf(v any) map[string]any {
	found := map[string]any{}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		found[at] = v
		switch v := v.(type) {
		case map[string]any:
			for name, below := range v {
				if !strings.Contains(name, "/") {
					walk(at+"/"+name, below)
				}
			}
		case []any:
			for i, below := range v {
				walk(at+"/"+strconv.Itoa(i), below)
			}
		}
	}
	walk("", v)
	return found
}

// mutants returns a document without the value at a path, with another name for it, and with odd
// values in its place.
func mutants(document map[string]any, path string, place int) (all []any) {
	put := func(change func(parent any, name string) any) {
		all = append(all, changed(document, split(path), change))
	}
	for _, value := range thirds(odd, place) {
		put(func(parent any, name string) any { return with(parent, name, value) })
	}
	put(without)
	put(func(parent any, name string) any {
		if object, ok := parent.(map[string]any); ok {
			return with(without(parent, name), name+"x", object[name])
		}
		return parent
	})
	return all
}

func split(path string) []string { return strings.Split(path[1:], "/") }

// changed copies what leads to a place, and changes what holds it.
func changed(v any, parts []string, change func(parent any, name string) any) any {
	if len(parts) == 1 {
		return change(v, parts[0])
	}
	switch v := v.(type) {
	case map[string]any:
		return with(v, parts[0], changed(v[parts[0]], parts[1:], change))
	case []any:
		i, _ := strconv.Atoi(parts[0])
		return with(v, parts[0], changed(v[i], parts[1:], change))
	}
	return v
}

func with(parent any, name string, value any) any {
	switch v := parent.(type) {
	case map[string]any:
		v = maps.Clone(v)
		v[name] = value
		return v
	case []any:
		v = slices.Clone(v)
		if i, err := strconv.Atoi(name); err == nil {
			v[i] = value
			return v
		}
		return append(v, value)
	}
	return parent
}

func without(parent any, name string) any {
	switch v := parent.(type) {
	case map[string]any:
		v = maps.Clone(v)
		delete(v, name)
		return v
	case []any:
		i, _ := strconv.Atoi(name)
		return slices.Delete(slices.Clone(v), i, i+1)
	}
	return parent
}

// TestEveryFieldIsTried holds that a new field of the grammar is among those that are changed.
func TestEveryFieldIsTried(t *testing.T) {
	g := syntax.Grammar()
	tried := map[string]bool{}
	var visit func(v grammar.Value, value any)
	object := func(o *grammar.Object, value map[string]any) {
		for _, f := range o.Fields {
			if below, ok := value[f.Name]; ok {
				tried[f.Name+" of "+o.What] = true
				visit(f.Value, below)
			}
		}
	}
	visit = func(v grammar.Value, value any) {
		switch value := value.(type) {
		case map[string]any:
			switch {
			case v.Object != nil:
				object(v.Object, value)
			case v.Map != nil:
				for _, below := range value {
					visit(v.Map.Of, below)
				}
			}
		case []any:
			for _, below := range value {
				if v.List != nil {
					visit(v.List.Of, below)
				}
			}
		}
	}
	for _, document := range everyField(t) {
		kind, _ := g.Kind(document["kind"].(string))
		object(g.Document, document)
		visit(grammar.Value{Object: kind.Spec}, document["spec"])
	}
	for _, o := range g.Objects() {
		for _, f := range o.Fields {
			if !tried[f.Name+" of "+o.What] {
				t.Errorf("testdata/every-field.yaml lacks %s of %s", f.Name, o.What)
			}
		}
	}
}
