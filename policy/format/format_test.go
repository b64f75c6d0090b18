package format_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern/postern/policy/format"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what comes out into testdata")

// TestForm goes through testdata: texts and their form, which is its own.
func TestForm(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("%d archives: %v", len(archives), err)
	}
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(archive.Files); i++ {
			in, want := archive.Files[i], &archive.Files[i]
			name, hasForm := strings.CutSuffix(in.Name, "/in")
			if hasForm {
				i++
				want = &archive.Files[i]
			}
			t.Run(filepath.Base(path)+"/"+name, func(t *testing.T) {
				got := form(t, string(in.Data))
				if again := form(t, got); again != got {
					t.Errorf("the form\n%shas another one:\n%s", got, again)
				}
				if *update {
					want.Data = []byte(got)
				}
				if got != string(want.Data) {
					t.Errorf("got\n%swant\n%s", got, want.Data)
				}
			})
		}
		if *update {
			if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func form(t *testing.T, text string) string {
	t.Helper()
	got, ok := format.LayOut(text)
	if !ok {
		t.Fatalf("%s\nis not read, or becomes something else:\n%s", text, got)
	}
	return got
}
