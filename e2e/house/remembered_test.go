package house_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestWhatIsRememberedHasItsTests: each row of what is remembered names tests, and they are there.
func TestWhatIsRememberedHasItsTests(t *testing.T) {
	tests := testNames(t)
	name := regexp.MustCompile("`(Test[A-Za-z0-9]+)`")
	rows := document(t, "docs/performance.md").table(t, "ends with")
	if len(rows) < 5 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		named := name.FindAllStringSubmatch(row[len(row)-1], -1)
		if len(named) == 0 {
			t.Errorf("no test for: %s", row[0])
		}
		for _, test := range named {
			if !tests[test[1]] {
				t.Errorf("there is no test %s, for: %s", test[1], row[0])
			}
		}
	}
}

// testNames returns the names of all tests of the tree.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(`)
	names := map[string]bool{}
	err := filepath.WalkDir(root(), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != "..":
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, found := range declared.FindAllSubmatch(text, -1) {
			names[string(found[1])] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
