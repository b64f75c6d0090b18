package schema_test

import (
	"flag"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"

	"github.com/postern/postern/policy/syntax"
)

// accepted returns every document of the tests and of the documentation that the reader takes.
func accepted(t testing.TB) (documents []map[string]any) {
	t.Helper()
	texts := cases(t)
	found := examples(t)
	for _, name := range slices.Sorted(maps.Keys(found)) {
		texts = append(texts, string(found[name]))
	}
	for _, text := range texts {
		if len(said(text)) > 0 {
			continue
		}
		for _, in := range instances([]byte(text)) {
			documents = append(documents, in.value.(map[string]any))
		}
	}
	return documents
}

// tries is how many random documents are made: go test -documents 100000 takes a while.
var tries = flag.Int("documents", 500, "how many random documents to ask the reader and the schema about")

// TestRandomDocuments puts documents together from parts of others, each where a part of its name
// stood, and holds that the reader and the schema agree on every one.
func TestRandomDocuments(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	documents := accepted(t)
	parts := map[string][]any{}
	for _, d := range documents {
		found := placesOf(d)
		for _, path := range slices.Sorted(maps.Keys(found)) {
			parts[lastName(path)] = append(parts[lastName(path)], found[path])
		}
	}
	s, read := all(t), 0
	for range *tries {
		d := documents[random.IntN(len(documents))]
		for range 1 + random.IntN(4) {
			paths := slices.Sorted(maps.Keys(placesOf(d)))
			path := paths[1+random.IntN(len(paths)-1)]
			same := parts[lastName(path)]
			d = changed(d, split(path), func(parent any, name string) any {
				return with(parent, name, same[random.IntN(len(same))])
			}).(map[string]any)
		}
		text := encode(t, d)
		agree(t, s, text)
		if _, err := syntax.Parse("f", text); err == nil {
			read++
		}
	}
	if t.Logf("seed %d: %d documents are read", seed, read); read < *tries/5 {
		t.Errorf("seed %d: only %d documents are read", seed, read)
	}
}

var (
	names   = regexp.MustCompile(`[^/0-9][^/]*(/\d+)*$`)
	indices = regexp.MustCompile(`\d+`)
)

// lastName is the name that a value stands behind, with how deep it is in lists.
func lastName(path string) string {
	return indices.ReplaceAllString(names.FindString(path), "n")
}

// FuzzAgree holds that what the reader takes is good to the schema, however it is written.
func FuzzAgree(f *testing.F) {
	for _, text := range cases(f) {
		f.Add([]byte(text))
	}
	s := all(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := syntax.Parse("f", text); err != nil {
			return
		}
		for _, in := range instances(text) {
			if err := s.Validate(in.value); err != nil {
				t.Errorf("%s\nis read, and the schema refuses it: %v", text, err)
			}
		}
	})
}
