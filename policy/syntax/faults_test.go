package syntax_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern/postern/policy/syntax"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what is said of each case into testdata; read every line of it")

// TestFaults holds the words of every fault. Each archive in testdata has a frame, in which a
// case replaces the line CASE, and cases: the text, then what is said of it. A case of which
// nothing is said is accepted.
func TestFaults(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("%d archives: %v", len(archives), err)
	}
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		frame := string(archive.Files[0].Data)
		seen := map[string]bool{}
		for i := 1; i+1 < len(archive.Files); i += 2 {
			input, want := archive.Files[i], &archive.Files[i+1]
			if want.Name != "says" || seen[input.Name] {
				t.Fatalf("%s: %s is followed by %s, or stands there twice", path, input.Name, want.Name)
			}
			seen[input.Name] = true
			got := says(t, strings.Replace(frame, "CASE\n", string(input.Data), 1))
			if *update {
				want.Data = []byte(got)
			} else if got != string(want.Data) {
				t.Errorf("%s: %s:\n got %swant %s", path, input.Name, got, want.Data)
			}
		}
		if *update {
			if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// says returns what Parse says of a text, with a newline behind each line.
func says(t *testing.T, text string) string {
	t.Helper()
	documents, err := syntax.Parse("f", []byte(text))
	if (err == nil) == (len(documents) == 0) {
		t.Fatalf("%d documents and the error %v", len(documents), err)
	}
	if err == nil {
		return ""
	}
	checkErrors(t, text, err)
	return err.Error() + "\n"
}

// checkErrors holds what every error of Parse promises: a type, an order, and a place.
func checkErrors(t *testing.T, text string, err error) {
	t.Helper()
	all, ok := errors.AsType[*syntax.Errors](err)
	if !ok {
		t.Fatalf("%T is not *Errors", err)
	}
	lines := strings.Split(text, "\n")
	var last syntax.Position
	for _, one := range all.Unwrap() {
		fault, ok := errors.AsType[*syntax.Error](one)
		if !ok {
			t.Fatalf("%T is not *Error", one)
		}
		p := fault.Position
		if p.IsZero() && strings.HasPrefix(fault.Message, "and ") {
			continue
		}
		if p.Line < last.Line || p.Line == last.Line && p.Column < last.Column {
			t.Fatalf("%v stands behind %v", p, last)
		}
		if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > len(lines[p.Line-1])+1 {
			t.Fatalf("%v is no place in the text", p)
		}
		if fault.Message == "" || strings.Contains(fault.Message, "\n") || len(fault.Message) > 600 {
			t.Fatalf("%v: no message of one line: %q", p, fault.Message)
		}
		last = p
	}
}
