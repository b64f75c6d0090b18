package draft_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/suite/draft"
	"github.com/postern/postern/policy/syntax"
)

var update = flag.Bool("update", false, "write what is drafted of each archive into testdata; read every line of it")

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// TestDrafts holds what is written of the policies in each archive of testdata.
func TestDrafts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d archives: %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "draft" })
			got := ""
			if d, err := draft.Write(documents(t, archive), draft.Options{Options: suite.Options{Now: now}}); err != nil {
				got = err.Error() + "\n"
			} else {
				got = string(d.Text)
			}
			if *update {
				archive.Files[i].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if want := string(archive.Files[i].Data); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// documents parses every *.yaml of an archive.
func documents(t testing.TB, archive *txtar.Archive) []syntax.Document {
	t.Helper()
	var all []syntax.Document
	for _, f := range archive.Files {
		if !strings.HasSuffix(f.Name, ".yaml") {
			continue
		}
		parsed, err := syntax.Parse(f.Name, f.Data)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, parsed...)
	}
	return all
}
