package house_test

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryBuildTagIsChecked: what stands behind a tag of our own is seen by go vet and the linters.
func TestEveryBuildTagIsChecked(t *testing.T) {
	want := ownTags(t)
	if len(want) == 0 {
		t.Fatal("no build tag was found")
	}
	for file, list := range map[string]*regexp.Regexp{
		".golangci.yml": regexp.MustCompile(`(?m)^  build-tags: \[(.*)\]$`),
		"Makefile":      regexp.MustCompile(`go vet -tags (\S+) \./\.\.\.`),
	} {
		text, err := os.ReadFile(filepath.Join(root(), file))
		if err != nil {
			t.Fatal(err)
		}
		found := list.FindSubmatch(text)
		if found == nil {
			t.Errorf("%s: the list of build tags is not where it was", file)
			continue
		}
		got := strings.FieldsFunc(string(found[1]), func(r rune) bool { return r == ',' || r == ' ' })
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s: has the build tags %v, and the tree %v", file, got, want)
		}
	}
}

// TestNoNegatedTagHidesCode: go vet and the linters have every tag of our own, and no race detector. What stands
// behind the negation of a tag, and so is seen by neither, holds constants alone.
func TestNoNegatedTagHidesCode(t *testing.T) {
	negated := 0
	eachTagged(t, func(path string, expression constraint.Expr, text []byte) {
		if expression.Eval(func(tag string) bool { return tag != "race" }) || expression.Eval(func(tag string) bool { return strings.HasPrefix(tag, "e2e_") }) {
			return
		}
		negated++
		file, err := parser.ParseFile(token.NewFileSet(), path, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); !ok || g.Tok != token.CONST {
				t.Errorf("%s: neither go vet nor the linters see what is built for %s: skip at run time instead", path, expression)
				break
			}
		}
	})
	if negated == 0 {
		t.Error("no file with a negated tag was found")
	}
}

// ownTags returns the build tags of the tree that are ours, sorted: their names begin with e2e_.
func ownTags(t *testing.T) []string {
	t.Helper()
	var tags []string
	eachTagged(t, func(_ string, expression constraint.Expr, _ []byte) {
		expression.Eval(func(tag string) bool { // is asked for every tag, negated ones as well
			if strings.HasPrefix(tag, "e2e_") {
				tags = append(tags, tag)
			}
			return true
		})
	})
	slices.Sort(tags)
	return slices.Compact(tags)
}

// eachTagged calls visit for every Go file of the tree that has a build constraint.
func eachTagged(t *testing.T, visit func(path string, expression constraint.Expr, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(root(), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != "..":
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "package ") {
				break
			}
			line = strings.TrimSpace(line)
			if !constraint.IsGoBuild(line) {
				continue
			}
			expression, err := constraint.Parse(line)
			if err != nil {
				return err
			}
			visit(path, expression, text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
