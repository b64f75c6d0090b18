package directory

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// TestTheTextAloneSaysThatAFileIsTheSame: not its name, time or size.
func TestTheTextAloneSaysThatAFileIsTheSame(t *testing.T) {
	const format = "apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: a, namespace: shop}\nspec: {workloads: [spiffe://shop.test/%s]}\n"
	dir, then := t.TempDir(), time.Now().Add(-time.Hour)
	file := filepath.Join(dir, "a.yaml")
	write := func(workload string) {
		if err := os.WriteFile(file, fmt.Appendf(nil, format, workload), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, then, then); err != nil {
			t.Fatal(err)
		}
	}
	known := &parsed{}
	look := func(workload string, again bool) {
		t.Helper()
		content, _, err := load(dir, "", false, known)
		if err != nil {
			t.Fatal(err)
		}
		d := content.Documents[0]
		if (d.Reread != nil) != again || (d.ServicePolicy == nil) != again {
			t.Fatalf("%s: read again later: %v, want %v", workload, d.Reread != nil, again)
		}
		p := d.ServicePolicy
		if again {
			p = d.Reread()
		}
		if got := p.Workloads[0].Value; got != "spiffe://shop.test/"+workload {
			t.Errorf("it says %s, want %s", got, workload)
		}
	}
	write("one")
	look("one", false)
	look("one", true)
	write("two")
	look("two", false)
	write("two")
	look("two", true)
	write("one")
	look("one", false)
}

// TestWhatIsRememberedOfFiles: what is sound, and there.
func TestWhatIsRememberedOfFiles(t *testing.T) {
	const revocation = "apiVersion: postern.dev/v1alpha1\nkind: Revocation\nmetadata: {name: r}\nspec: {entries: []}\n"
	dir := t.TempDir()
	known := &parsed{}
	for _, step := range []struct {
		files map[string]string // "": gone
		want  int               // remembered
	}{
		{map[string]string{"0.yaml": benchPolicy(0, 0), "1.yaml": benchPolicy(1, 0), "r.yaml": revocation}, 2},
		{map[string]string{"1.yaml": ""}, 1},
		{map[string]string{"1.yaml": benchPolicy(1, 0) + "---\n" + revocation}, 1},
		{map[string]string{"1.yaml": benchPolicy(1, 0) + "more: 1\n"}, 1},
		{map[string]string{"1.yaml": benchPolicy(1, 1)}, 2},
	} {
		for name, text := range step.files {
			path := filepath.Join(dir, name)
			err := os.WriteFile(path, []byte(text), 0o600)
			if text == "" {
				err = os.Remove(path)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		content, _, err := load(dir, "", false, known)
		if len(known.files) != step.want {
			t.Errorf("%d files are remembered, want %d (%v)", len(known.files), step.want, err)
		}
		if err == nil && syntax.Duplicates(content.Documents) != nil {
			t.Error("a document is there twice")
		}
	}
}

// TestWhatIsParsedLaterIsCounted, once for each file.
func TestWhatIsParsedLaterIsCounted(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{"0.yaml": benchPolicy(0, 0) + "---\n" + benchPolicy(1, 0), "2.yaml": benchPolicy(2, 0)}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	size0, size2 := len(files["0.yaml"]), len(files["2.yaml"])
	known := &parsed{}
	for _, want := range [][]int{{size0 + size2}, {0, size0, size2}} {
		content, _, err := load(dir, "", false, known)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		content.WhenParsed(func(bytes int) { got = append(got, bytes) })
		if _, err := policy.Compile(content.Documents, policy.Options{Workload: "spiffe://shop.test/ns/shop/sa/orders"}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("told of %v bytes, want %v", got, want)
		}
	}
}
