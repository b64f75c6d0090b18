package schema_test

import (
	"errors"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/policy/syntax"
	"github.com/postern/postern/policy/syntax/tree"
	"github.com/rogpeppe/go-internal/txtar"
)

// cases returns the texts that package syntax holds its words by.
func cases(t testing.TB) (texts []string) {
	t.Helper()
	archives, err := filepath.Glob("../syntax/testdata/*.txtar")
	if err != nil || len(archives) < 5 {
		t.Fatalf("%d archives: %v", len(archives), err)
	}
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range archive.Files[1:] {
			if file.Name != "says" {
				texts = append(texts, strings.Replace(string(archive.Files[0].Data), "CASE\n", string(file.Data), 1))
			}
		}
	}
	return texts
}

// said returns what the reader says of a text.
func said(text string) []*syntax.Error {
	_, err := syntax.Parse("f", []byte(text))
	if err == nil {
		return nil
	}
	var faults []*syntax.Error
	if many, ok := errors.AsType[*syntax.Errors](err); ok {
		for _, one := range many.Unwrap() {
			if fault, ok := errors.AsType[*syntax.Error](one); ok {
				faults = append(faults, fault)
			}
		}
	}
	return faults
}

// structural says which faults a schema must see: those of fields, types, and words that are one
// of a few.
var structural = regexp.MustCompile(`^unknown field|^unknown kind|^unknown algorithm|^expected |^one value is plain|^apiVersion is|^this string must not be empty` +
	`| needs | belongs to the whole cluster| takes (exactly|at most) one of | is not supported| is written by Kubernetes| no use of a token` +
	`|names nothing|^nothing can be bound| has at most | is no name| is no HTTP method|discovery is true| is no (duration|whole number|time: write)| is out of range|at most \d+ are read`)

// excepted are the structural faults that a schema cannot see, each with the reason.
var excepted = []*regexp.Regexp{
	// YAML 1.2, which editors read, takes yes, 1:30 and dates for strings, and null for a value.
	regexp.MustCompile(`^expected a string, found (a boolean|a date|a number): put it in quotes`),
	regexp.MustCompile(`^expected a value, found nothing: write null`),
	// A case of a test may have from the test what it needs.
	regexp.MustCompile(`^a test needs (the (method|path) of its )?request|^a test needs expect`),
	// issuedBefore stands alone or beside subjects, and a choice of the grammar has no such clause.
	regexp.MustCompile(`takes exactly one of .* and issuedBefore`),
}

// TestSameAsReader holds that the schema finds nothing wrong where the reader does not, and that
// it finds every structural fault that the reader does, in the same place.
func TestSameAsReader(t *testing.T) {
	s, seen, unseen := all(t), 0, map[string]bool{}
	for _, text := range cases(t) {
		faults := said(text)
		found := map[place]string{}
		for _, in := range instances([]byte(text)) {
			maps.Copy(found, in.faults(s))
		}
		if len(faults) == 0 && len(found) > 0 {
			t.Errorf("%s\nis read, and the schema refuses it: %v", text, found)
		}
		for _, fault := range faults {
			at := place{int32(fault.Position.Line), int32(fault.Position.Column)}
			switch {
			case found[at] != "":
				seen++
			case ofYAML(text, fault):
			case isStructural(fault.Message):
				t.Errorf("%s\n%v: the schema sees other faults alone: %v", text, fault, found)
			default:
				unseen[numbers.ReplaceAllString(inQuotes.ReplaceAllString(fault.Message, `"…"`), "9")] = true
			}
		}
	}
	for _, sort := range slices.Sorted(maps.Keys(unseen)) {
		t.Logf("not seen: %s", sort)
	}
	if seen < 500 {
		t.Errorf("%d faults are seen", seen)
	}
}

func isStructural(message string) bool {
	return structural.MatchString(message) && !slices.ContainsFunc(excepted, func(e *regexp.Regexp) bool { return e.MatchString(message) })
}

// What differs between two faults of one sort.
var (
	inQuotes = regexp.MustCompile(`"([^"\\]|\\.)*"`)
	numbers  = regexp.MustCompile(`[0-9]+`)
)

// ofYAML says that a fault is one of YAML, of which there is no instance to validate.
func ofYAML(text string, fault *syntax.Error) bool {
	parts, faults := tree.Split([]byte(text))
	for _, p := range parts {
		_, more := tree.Read(p)
		faults = append(faults, more...)
	}
	return len(parts) == 0 || slices.ContainsFunc(faults, func(f *tree.Fault) bool {
		return f.Message == fault.Message
	})
}
