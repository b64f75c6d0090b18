package explain_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/identity"
	providers "github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/explain"
	"github.com/postern/postern/policy/syntax"
)

const workload = "spiffe://shop.test/ns/shop/sa/orders"

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

var update = flag.Bool("update", false, "write what is explained into testdata/text")

// TestText runs testdata/text/*.txtar: policies (*.yaml), and for each NAME.ask, whose lines are
// fields of a question, the text of the explanation in NAME.text.
func TestText(t *testing.T) {
	files, err := filepath.Glob("testdata/text/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		e := explainer(t, a)
		for i := 0; i < len(a.Files); i++ {
			name, asks := strings.CutSuffix(a.Files[i].Name, ".ask")
			if !asks {
				continue
			}
			t.Run(filepath.Base(file)+"/"+name, func(t *testing.T) {
				x, err := e.Explain(question(t, string(a.Files[i].Data)))
				if err != nil {
					t.Fatal(err)
				}
				got := text(t, x)
				switch {
				case *update && i+1 < len(a.Files) && a.Files[i+1].Name == name+".text":
					a.Files[i+1].Data = []byte(got)
				case *update:
					a.Files = append(a.Files[:i+1], append([]txtar.File{{Name: name + ".text", Data: []byte(got)}}, a.Files[i+1:]...)...)
				case i+1 == len(a.Files) || a.Files[i+1].Name != name+".text" || string(a.Files[i+1].Data) != got:
					t.Errorf("got\n%s", got)
				}
				checkJSON(t, x)
			})
		}
		if *update {
			if err := os.WriteFile(file, txtar.Format(a), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func parsed(t testing.TB, a *txtar.Archive) []syntax.Document {
	t.Helper()
	var all []syntax.Document
	for _, f := range a.Files {
		if strings.HasSuffix(f.Name, ".yaml") {
			documents, err := syntax.Parse(f.Name, f.Data)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, documents...)
		}
	}
	return all
}

// inspect is what the command gives an Explainer.
func inspect(read []identity.Provider, h policy.Headers, at time.Time) explain.Credential {
	return explain.Credential(providers.InspectUnverified(providers.Kinds(), read, kind.Request{Headers: h}, at))
}

func explainer(t testing.TB, a *txtar.Archive) *explain.Explainer {
	t.Helper()
	e, err := explain.New(parsed(t, a), explain.Options{Workload: workload, Digest: "d1", Now: now, Inspect: inspect})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// question reads lines of the form "field: value", where a list has a line for each value.
func question(t testing.TB, lines string) explain.Question {
	t.Helper()
	q := explain.Question{At: now}
	v := reflect.ValueOf(&q).Elem()
	for line := range strings.Lines(lines) {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		f := v.FieldByName(name)
		if !ok || !f.IsValid() {
			t.Fatalf("a question has no %q", line)
		}
		switch field := f.Addr().Interface().(type) {
		case *string:
			*field = value
		case *[]string:
			*field = append(*field, value)
		case *bool:
			*field, _ = strconv.ParseBool(value)
		case *time.Time:
			at, err := time.Parse(time.RFC3339, value)
			if err != nil {
				t.Fatal(err)
			}
			*field = at
		case **time.Duration:
			d, err := time.ParseDuration(value)
			if err != nil {
				t.Fatal(err)
			}
			*field = &d
		}
	}
	return q
}

func text(t testing.TB, x *explain.Explanation) string {
	t.Helper()
	var b bytes.Buffer
	if err := x.WriteText(&b, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// checkJSON holds that the JSON says the same again.
func checkJSON(t *testing.T, x *explain.Explanation) {
	t.Helper()
	line, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	var again explain.Explanation
	if err := json.Unmarshal(line, &again); err != nil {
		t.Fatal(err)
	}
	if text(t, &again) != text(t, x) {
		t.Errorf("as JSON the explanation says something else:\n%s", line)
	}
}
