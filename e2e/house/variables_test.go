package house_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"
)

// TestNoMutablePackageVariables allows a package variable only when it is a constant in all but
// name: given its value where it is declared, by a literal or by one of makers, and never
// changed after. Exported ones are errors alone, since another package could change them.
func TestNoMutablePackageVariables(t *testing.T) {
	for _, s := range sources(t) {
		for _, fault := range s.mutable() {
			t.Error(fault)
		}
	}
}

func TestMutablePackageVariablesWouldBeSeen(t *testing.T) {
	for text, want := range map[string]string{
		`var a = []int{1}; func f() int { return a[0] }`:       "",
		`var a = 1; func f() { a := 2; a++ }`:                  "",
		`var errA = errors.New("a")`:                           "",
		`var ErrA = errors.New("a")`:                           "",
		`var a = []byte("a")`:                                  "",
		`var a int`:                                            "no value",
		`var A = 1`:                                            "exported",
		`var a = newCache()`:                                   "not known",
		`var a = 1; func f() { a = 2 }`:                        "changed",
		`var a = 1; func f() { a++ }`:                          "changed",
		`var a = map[int]int{}; func f() { a[1] = 1 }`:         "changed",
		`var a = map[int]int{}; func f() { delete(a, 1) }`:     "changed",
		`var a = struct{ b int }{}; func f() { a.b = 1 }`:      "changed",
		`var a = []int{1}; func f() { for a[0] = range 3 {} }`: "changed",
		`var a = 1; func f() *int { return &a }`:               "changed",
		`var a = []int{1}; func f() { copy(a[:1], []int{2}) }`: "changed",
	} {
		s := source{pkg: pkg{ImportPath: module + "/x", Name: "x"}, fset: token.NewFileSet()}
		f, err := parser.ParseFile(s.fset, "x.go", `package x; import "errors"; `+text, 0)
		if err != nil {
			t.Fatal(err)
		}
		s.files = []*ast.File{f}
		got := strings.Join(s.mutable(), "; ")
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// mutable says of every package variable that is no constant in all but name why not.
func (s source) mutable() []string {
	info := s.resolve()
	held, faults := s.packageVariables(info)
	s.inspect(func(n ast.Node, _ *ast.FuncDecl) {
		for _, e := range changes(n) {
			if v := variable(e, info); v != nil && held[v] {
				faults = append(faults, s.at(n)+": the package variable "+v.Name()+" is changed")
			}
		}
	})
	return faults
}

// makers return values that are never changed, or cannot be.
var makers = []string{
	"errors.New", "fmt.Errorf", "regexp.MustCompile", "strings.NewReplacer", "template.Must", "big.NewInt", "time.Date",
	"types.NewOpaqueType",
	"netip.MustParseAddr", "netip.MustParsePrefix", "base64.RawURLEncoding.Strict", "sync.OnceValue", "sync.OnceValues",
}

// resolve finds out what each identifier stands for, as far as one package's own text tells.
func (s source) resolve() *types.Info {
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: nowhere{}, Error: func(error) {}, FakeImportC: true}
	_, _ = conf.Check(s.ImportPath, s.fset, s.files, info) // what is imported stays unknown, on purpose
	return info
}

// nowhere imports nothing.
type nowhere struct{}

func (nowhere) Import(path string) (*types.Package, error) { return nil, errors.New("not looked for") }

func (s source) packageVariables(info *types.Info) (held map[types.Object]bool, faults []string) {
	held = map[types.Object]bool{}
	for _, f := range s.files {
		for _, d := range f.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != token.VAR {
				continue
			}
			for _, spec := range decl.Specs {
				v := spec.(*ast.ValueSpec)
				for i, name := range v.Names {
					held[info.Defs[name]] = true
					if fault := judge(s.Name, decl, v, i); fault != "" {
						faults = append(faults, s.at(name)+": the package variable "+name.Name+" "+fault)
					}
				}
			}
		}
	}
	return held, faults
}

// judge says what is wrong with the declaration of a package variable, or "".
func judge(pkgName string, decl *ast.GenDecl, v *ast.ValueSpec, i int) string {
	name := v.Names[i]
	switch {
	case name.Name == "_", embedded(decl, v):
		return ""
	case pkgName == "main" && name.Name == "version":
		return "" // the linker's: -X main.version=
	case len(v.Values) != len(v.Names):
		return "has no value of its own: only a later change could give it one"
	case name.IsExported() && !strings.HasPrefix(name.Name, "Err"):
		return "is exported, so that any package could change it: export a function"
	case pkgName == "syntax": // the tables of the grammar, which functions of the package put together
		return ""
	case !constant(v.Values[i]):
		return "is made by a function that is not known to return a constant"
	}
	return ""
}

func embedded(decl *ast.GenDecl, v *ast.ValueSpec) bool {
	for _, doc := range []*ast.CommentGroup{decl.Doc, v.Doc} {
		if doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") }) {
			return true
		}
	}
	return false
}

// constant says that an expression has literals, operators, conversions and makers alone.
func constant(e ast.Expr) bool {
	ok := true
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false // code, not data
		case *ast.CallExpr:
			switch n.Fun.(type) {
			case *ast.ArrayType, *ast.MapType:
				return true // a conversion
			}
			name := types.ExprString(n.Fun)
			ok = ok && (slices.Contains(makers, name) || strings.HasPrefix(name, "must"))
		}
		return true
	})
	return ok
}

// changes returns the expressions that a node writes to, or whose address it takes.
func changes(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			return n.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{n.X}
	case *ast.RangeStmt:
		if n.Tok == token.ASSIGN {
			return []ast.Expr{n.Key, n.Value}
		}
	case *ast.CallExpr:
		if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "delete" || id.Name == "clear" || id.Name == "copy") && len(n.Args) > 0 {
			return n.Args[:1]
		}
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			return []ast.Expr{n.X}
		}
	}
	return nil
}

// variable returns the variable that an expression is a part of: x of x[i].f.
func variable(e ast.Expr, info *types.Info) types.Object {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return info.Uses[x]
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		default:
			return nil
		}
	}
}
