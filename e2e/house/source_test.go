package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A source is one package's files, tests left out, as syntax.
type source struct {
	pkg
	fset  *token.FileSet
	files []*ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	for _, p := range packages(t) {
		s := source{pkg: p, fset: token.NewFileSet()}
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(s.fset, filepath.Join(p.Dir, name), nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			s.files = append(s.files, f)
		}
		all = append(all, s)
	}
	return all
}

func (s source) at(n ast.Node) string {
	p := s.fset.Position(n.Pos())
	return filepath.Join(s.path(), filepath.Base(p.Filename)) + ":" + strconv.Itoa(p.Line)
}

// inspect calls visit for every node, with the function declaration around it (or nil).
func (s source) inspect(visit func(n ast.Node, around *ast.FuncDecl)) {
	for _, f := range s.files {
		for _, d := range f.Decls {
			around, _ := d.(*ast.FuncDecl)
			ast.Inspect(d, func(n ast.Node) bool {
				if n != nil {
					visit(n, around)
				}
				return true
			})
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, s := range sources(t) {
		documented := slices.ContainsFunc(s.files, func(f *ast.File) bool { return f.Doc != nil && len(f.Doc.Text()) > 20 })
		if len(s.files) > 0 && !documented {
			t.Errorf("%s has no package comment", s.path())
		}
		for name := range strings.SplitSeq(s.path(), "/") {
			if slices.Contains([]string{"util", "utils", "common", "helpers", "misc", "base"}, name) {
				t.Errorf("%s: name a package after what it does", s.path())
			}
		}
	}
}

func TestNoInit(t *testing.T) {
	for _, s := range sources(t) {
		for _, f := range s.files {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					t.Errorf("%s: init runs for everybody who imports the package: let main call it", s.at(fn))
				}
			}
		}
	}
}

func TestPanicOnlyInMust(t *testing.T) {
	for _, s := range sources(t) {
		s.inspect(func(n ast.Node, around *ast.FuncDecl) {
			call, ok := n.(*ast.CallExpr)
			if !ok || around == nil || strings.HasPrefix(strings.ToLower(around.Name.Name), "must") {
				return
			}
			if id, ok := call.Fun.(*ast.Ident); ok && id.Name == "panic" {
				t.Errorf("%s: %s panics: return an error, or name it Must…", s.at(n), around.Name.Name)
			}
		})
	}
}

func TestNoEmptyInterfaceSpelledOut(t *testing.T) {
	for _, s := range sources(t) {
		s.inspect(func(n ast.Node, _ *ast.FuncDecl) {
			if i, ok := n.(*ast.InterfaceType); ok && i.Methods.NumFields() == 0 {
				t.Errorf("%s: write any", s.at(n))
			}
		})
	}
}
