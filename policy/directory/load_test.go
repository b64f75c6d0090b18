package directory_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postern/postern/policy/directory"
	"github.com/postern/postern/policy/syntax"
)

func TestLoad(t *testing.T) {
	content := load(t, newDir(t, tree{
		"b.yaml":          policy("b", 1) + "---\n" + policy("b2", 1),
		"a.yaml":          policy("a", 1),
		"sub/deep/c.yaml": policy("c", 1),
		"README.md":       "not a policy",
		"b.yaml~":         "a backup",
		".hidden.yaml":    "not: read",
		".hidden/x.yaml":  "not: read",
		".x.yml":          "not: read",
	}), "")
	if got, want := names(content), "a.yaml:a b.yaml:b b.yaml:b2 sub/deep/c.yaml:c"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := strings.Join(content.Files, " "); got != "a.yaml b.yaml sub/deep/c.yaml" {
		t.Errorf("files %s", got)
	}
	if got := content.Documents[2].Position.String(); got != "b.yaml:7:1" {
		t.Errorf("position %s", got)
	}
}

func TestDigestIsOfDocuments(t *testing.T) {
	a, b := policy("a", 1), policy("b", 1)
	one := load(t, newDir(t, tree{"a.yaml": a, "b.yaml": b}), "")
	for name, same := range map[string]tree{
		"one file":    {"x.yaml": b + "---\n" + a},
		"other names": {"z/a.yaml": b, "b.yaml": a},
	} {
		if got := load(t, newDir(t, same), ""); got.Digest != one.Digest {
			t.Errorf("%s: another digest", name)
		}
	}
	for name, other := range map[string]tree{
		"one less":  {"a.yaml": a},
		"one more":  {"a.yaml": a, "b.yaml": b + "---\n" + policy("c", 1)},
		"a change":  {"a.yaml": a, "b.yaml": policy("b", 2)},
		"a comment": {"a.yaml": a, "b.yaml": b + "# why\n"},
	} {
		if got := load(t, newDir(t, other), ""); got.Digest == one.Digest || len(got.Digest) != 64 {
			t.Errorf("%s: the digest is %s", name, got.Digest)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	a := policy("a", 1)
	for _, tc := range []struct {
		name  string
		files tree
		want  string
	}{
		{"empty", nil, "DIR: no policies: there is no file *.yaml"},
		{"nothing but others", tree{"README": "", "a.yaml.bak": a}, "DIR: no policies: there is no file *.yaml"},
		{"comments alone", tree{"a.yaml": "# nothing\n"}, "a.yaml:1:1: no documents"},
		{"yml", tree{"a.yaml": a, "b.yml": "x"}, "b.yml: would not be read: policies are named *.yaml"},
		{"capital", tree{"a.yaml": a, "b.YAML": a}, "b.YAML: would not be read: policies are named *.yaml"},
		{"yml alone", tree{"sub/b.yml": "x"}, "sub/b.yml: would not be read: policies are named *.yaml"},
		{"json", tree{"a.yaml": a, "sub/b.json": "{}"}, "sub/b.json: is named by no document: policies are named *.yaml"},
		{"json in capitals", tree{"a.yaml": a, "b.Json": "{}"}, "b.Json: is named by no document: policies are named *.yaml"},
		{"a directory with a file's name", tree{"a.yaml": a, "b.yaml/c.yaml": a}, "b.yaml: is a directory: give it a name that is not that of a file"},
		{"cut off", tree{"a.yaml": a[:len(a)-2] + "\n"}, "a.yaml:5:14: the [ that opens here is never closed"},
		{"cut off in a key", tree{"a.yaml": a[:strings.Index(a, "kind")+2] + "\n"}, `a.yaml:2:1: expected a field, as in "name: value"`},
		{"cut off behind a document", tree{"a.yaml": a[:len(a)-1]}, "a.yaml:5:36: " + cutOff},
		{"cut off in a name", tree{"a.yaml": strings.Replace(a, "[spiffe://shop.test/v1]\n", "\n  - spiffe://shop.test/v", 1)}, "a.yaml:6:24: " + cutOff},
		{"cut off in a comment", tree{"a.yaml": a + "# why"}, "a.yaml:6:5: " + cutOff},
		{"cut off, one character", tree{"a.yaml": a, "b.yaml": "#"}, "b.yaml:1:1: " + cutOff + "\nb.yaml:1:1: no documents"},
		{"faults of two files", tree{"a.yaml": "a: b\n", "b.yaml": "kind: x\n  y: z\n"},
			"a.yaml:1:1: unknown field \"a\": a document has apiVersion, kind, metadata and spec\na.yaml:1:1: a document needs apiVersion\n" +
				"a.yaml:1:1: a document needs kind\na.yaml:1:1: a document needs metadata\na.yaml:1:1: a document needs spec\n" +
				"b.yaml:2:3: this is indented more than the field above, which has its value already"},
		{"twice", tree{"a.yaml": a, "sub/b.yaml": "\n" + policy("a", 2)}, "sub/b.yaml:2:1: the ServicePolicy shop/a stands at a.yaml:1:1 already"},
		{"twice in a file", tree{"a.yaml": provider("i", "{discovery: true}") + "---\n" + provider("i", "{discovery: true}")}, "a.yaml:11:1: the IdentityProvider i stands at a.yaml:1:1 already"},
		{"20 MB", tree{"a.yaml": a, "b.yaml": strings.Repeat("# 20 MB\n", 20<<20/8)}, "b.yaml: cannot be read: it has 20971520 bytes, and at most 8388608 are read"},
		{"a bomb of aliases", tree{"a.yaml": "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"}, "a.yaml:1:4: an anchor (&) is not supported: put a value that begins with & in quotes"},
		{"a bomb of brackets", tree{"a.yaml": "a: " + strings.Repeat("[", 4<<20) + "\n"}, "a.yaml:1:35: values are nested more than 32 deep"},
	} {
		t.Run(tc.name, func(t *testing.T) { refused(t, newDir(t, tc.files), "", tc.want) })
	}
}

func TestNoDirectory(t *testing.T) {
	refused(t, filepath.Join(t.TempDir(), "none"), "", "DIR: no such file or directory")
	file := filepath.Join(newDir(t, tree{"a.yaml": policy("a", 1)}), "a.yaml")
	refused(t, file, "", "DIR: not a directory")
}

// TestPipe holds that what is no file does not make anybody wait for a writer.
func TestPipe(t *testing.T) {
	dir := newDir(t, tree{"a.yaml": policy("a", 1)})
	must(t, syscall.Mkfifo(filepath.Join(dir, "ignored"), 0o644))
	if got := names(load(t, dir, "")); got != "a.yaml:a" {
		t.Errorf("loaded %s", got)
	}
	must(t, syscall.Mkfifo(filepath.Join(dir, "b.yaml"), 0o644))
	refused(t, dir, "", "b.yaml: is no regular file")
}

func TestTooMuch(t *testing.T) {
	t.Parallel()
	dir := newDir(t, tree{"p0.yaml": policy("a", 1) + strings.Repeat("# comment", 900_000) + "\n"})
	link(t, dir, "p0.yaml", 9)
	content, err := directory.Load(dir, "")
	if want := "p8.yaml: is beyond the 67108864 bytes that are read of all files together"; content != nil || !strings.HasSuffix(err.Error(), "\n"+want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestTooManyFiles(t *testing.T) {
	t.Parallel()
	dir := newDir(t, tree{"p0.yaml": "# nothing\n"})
	link(t, dir, "p0.yaml", 10_001)
	content, err := directory.Load(dir, "")
	if want := "p9999.yaml: is one file too many: at most 10000 are read"; content != nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestTooManyFolders holds that links cannot make a directory out of few that has no end.
func TestTooManyFolders(t *testing.T) {
	t.Parallel()
	dir := newDir(t, tree{"a.yaml": policy("a", 1)})
	for i := range 1000 {
		must(t, os.Mkdir(filepath.Join(dir, fmt.Sprintf("d%03d", i)), 0o755))
	}
	refused(t, dir, "", "d999: is one directory too many: at most 1000 are read")
}

// link makes so many names for one file.
func link(t *testing.T, dir, name string, count int) {
	t.Helper()
	for i := 1; i < count; i++ {
		must(t, os.Link(filepath.Join(dir, name), filepath.Join(dir, fmt.Sprintf("p%d.yaml", i))))
	}
}

// TestManyRules is the load of a large mesh: 10,000 rules in ten files.
func TestManyRules(t *testing.T) {
	dir := newDir(t, manyRules(10, 1000))
	begin := time.Now()
	content := load(t, dir, "")
	t.Logf("%v", time.Since(begin))
	rules := 0
	for _, d := range content.Documents {
		rules += len(d.ServicePolicy.Routes)
	}
	if rules != 10_000 {
		t.Errorf("%d rules", rules)
	}
}

func manyRules(files, rules int) tree {
	all := tree{}
	for i := range files {
		var b strings.Builder
		b.WriteString(policy(fmt.Sprintf("p%d", i), i) + "  routes:\n")
		for j := range rules {
			fmt.Fprintf(&b, "  - name: r%d\n    http: {methods: [GET], path: \"/p%d/r%d/{id}\"}\n    allow:\n    - callers: [spiffe://shop.test/ns/shop/sa/web-%d]\n", j, i, j, j)
		}
		all[fmt.Sprintf("p%d.yaml", i)] = b.String()
	}
	return all
}

func BenchmarkLoad10000(b *testing.B) {
	dir := newDir(b, manyRules(10, 1000))
	for b.Loop() {
		load(b, dir, "")
	}
}

func TestErrorsHaveTheirType(t *testing.T) {
	_, err := directory.Load(newDir(t, tree{"a.yaml": "a: b\n", "b.yml": ""}), "")
	var all *syntax.Errors
	if !errors.As(err, &all) || len(all.Unwrap()) != 6 {
		t.Errorf("%T: %v", err, err)
	}
}

// TestLoadIsWhole, for whoever asks a document what it says, though another process replaces a file
// meanwhile, so that the directory is read more than once.
func TestLoadIsWhole(t *testing.T) {
	dir := newDir(t, manyRules(5, 100))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 20 {
			content, err := directory.Load(dir, "")
			if err != nil {
				continue // no moment could be caught
			}
			for _, d := range content.Documents {
				if d.ServicePolicy == nil || d.Reread != nil {
					t.Errorf("%s says nothing", d.Position)
				}
			}
		}
	}()
	ticker := time.NewTicker(7 * time.Millisecond)
	defer ticker.Stop()
	for i := 0; ; i++ {
		select {
		case <-done:
			return
		case <-ticker.C:
			replace(t, dir, "p9.yaml", policy("p9", i))
		}
	}
}
