package house_test

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestIdentityListsItsPackages: its package comment is the way in, and leaves no room out.
func TestIdentityListsItsPackages(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root(), "identity", "doc.go"), nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(f.Doc.Text()) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(line, "\t") {
			listed[fields[0]] = true
		}
	}
	for _, p := range packages(t) {
		name, ok := strings.CutPrefix(p.path(), "identity/")
		if !ok || strings.Contains(name, "/") {
			continue
		}
		if !listed[name] {
			t.Errorf("identity/doc.go does not list %s", name)
		}
		delete(listed, name)
	}
	for name := range listed {
		t.Errorf("identity/doc.go lists %s, which is no package", name)
	}
}
