package house_test

import (
	"go/ast"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The measures of STYLE: watched, not held, since a number that is held is soon gamed.
const (
	longFile     = 350
	longFunction = 50
)

// TestReportMeasures fails for nothing: it is a report, which go test -v prints.
func TestReportMeasures(t *testing.T) {
	var lengths []int
	code, tests := 0, 0
	for _, s := range sources(t) {
		for _, name := range s.GoFiles {
			n := lines(t, filepath.Join(s.Dir, name))
			lengths = append(lengths, n)
			if n > longFile {
				t.Logf("%s/%s has %d lines", s.path(), name, n)
			}
			code += n
		}
		for _, name := range append(s.TestGoFiles, s.XTestGoFiles...) {
			tests += lines(t, filepath.Join(s.Dir, name))
		}
		s.inspect(func(n ast.Node, _ *ast.FuncDecl) {
			if fn, ok := n.(*ast.FuncDecl); ok && s.length(fn) > longFunction {
				t.Logf("%s: %s has %d lines", s.at(fn), fn.Name.Name, s.length(fn))
			}
		})
		if !s.in("e2e") && s.Name != "main" && !s.testsHave(t, "func Example") {
			t.Logf("%s has no Example", s.path())
		}
	}
	slices.Sort(lengths)
	t.Logf("%d files, median %d lines; %.2f lines of test a line", len(lengths), lengths[len(lengths)/2], float64(tests)/float64(code))
}

// TestEveryParserIsFuzzed goes by the name: what is exported and called Parse… reads text.
func TestEveryParserIsFuzzed(t *testing.T) {
	for _, s := range sources(t) {
		s.inspect(func(n ast.Node, _ *ast.FuncDecl) {
			fn, ok := n.(*ast.FuncDecl)
			if ok && strings.HasPrefix(fn.Name.Name, "Parse") && !s.testsHave(t, "func Fuzz") {
				t.Errorf("%s: %s.%s is fuzzed by nothing", s.at(fn), s.Name, fn.Name.Name)
			}
		})
	}
}

func (s source) length(n ast.Node) int {
	return s.fset.Position(n.End()).Line - s.fset.Position(n.Pos()).Line + 1
}

func (s source) testsHave(t *testing.T, text string) bool {
	for _, name := range append(s.TestGoFiles, s.XTestGoFiles...) {
		if strings.Contains(read(t, filepath.Join(s.Dir, name)), text) {
			return true
		}
	}
	return false
}

func lines(t *testing.T, path string) int { return strings.Count(read(t, path), "\n") }

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
