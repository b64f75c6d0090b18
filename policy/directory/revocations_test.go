package directory_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/policy/directory"
)

// revoke returns a Revocation of this name, with an entry of this name.
func revoke(name, entry string) string {
	return fmt.Sprintf("apiVersion: postern.dev/v1alpha1\nkind: Revocation\nmetadata: {name: %s}\nspec:\n  entries:\n  - {name: %s, callers: [spiffe://shop.test/a], until: 2027-01-01T00:00:00Z}\n", name, entry)
}

// watchRevocations gathers what WatchRevocations applies: the entries, and what is wrong.
func watchRevocations(t *testing.T, dir string) *watcher {
	t.Helper()
	return watchRevocationsBy(t, dir, func(run func()) { run() })
}

// watchRevocationsBy is watchRevocations by somebody.
func watchRevocationsBy(t *testing.T, dir string, somebody func(run func())) *watcher {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &watcher{t, dir, make(chan string, 1000), make(chan error, 1), cancel}
	go func() {
		somebody(func() {
			w.done <- directory.NewWatcher(dir, "", quiet, nil).WatchRevocations(ctx, func(r *directory.Revocations) {
				w.applied <- strings.ReplaceAll(entries(r), dir, "DIR")
			})
		})
	}()
	t.Cleanup(func() {
		cancel()
		must(t, soon(t, w.done))
	})
	return w
}

// entries shows every entry as file:name, and the first line of what is wrong.
func entries(r *directory.Revocations) string {
	var all []string
	for _, d := range r.Documents {
		for _, e := range d.Entries {
			file, _, _ := strings.Cut(e.At, ":")
			all = append(all, file+":"+e.Name)
		}
	}
	if r.Err != nil {
		first, _, _ := strings.Cut(r.Err.Error(), "\n")
		all = append(all, "| "+first)
	}
	return strings.Join(all, " ")
}

const halfPolicy = "apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: a, namespace: shop}\nspec: [\n"

// TestRevocationsAreIndependent: whatever else is wrong when a Revocation comes, it comes.
func TestRevocationsAreIndependent(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]tree{
		"nothing":                        {},
		"a file that is no YAML":         {"b.yaml": "spec: [\n"},
		"a faulty policy":                {"b.yaml": halfPolicy},
		"a file that is not UTF-8":       {"b.yaml": "# \xff\n"},
		"a file with a tab":              {"b.yaml": "\ta\n"},
		"a file that is cut off":         {"b.yaml": "apiVersion: postern.dev/v1alp"},
		"a file of another kind":         {"b.yaml": "apiVersion: v1\nkind: Pod\n"},
		"an empty file":                  {"b.yaml": ""},
		"a file that is too large":       {"b.yaml": strings.Repeat("# 20 MB\n", 20<<20/8)},
		"a file that nobody reads":       {"b.yml": "x"},
		"a file that nobody names":       {"b.json": "{}"},
		"a directory of a file's name":   {"b.yaml/x": ""},
		"a link to nowhere":              {"b.yaml": "->nowhere"},
		"a provider whose file is gone":  {"b.yaml": provider("i", "{file: keys.json}")},
		"a policy that is there twice":   {"b.yaml": policy("a", 2), "c.yaml": policy("a", 3)},
		"policies that do not compile":   {"b.yaml": policy("b", 1) + "  routes:\n  - {name: r, http: {methods: [GET], path: /}, allow: [{callers: [anyone], user: {provider: none}}]}\n"},
		"another Revocation of its name": {"b.yaml": revoke("new", "twin")},
		"a faulty Revocation":            {"b.yaml": strings.Replace(revoke("b", "b"), "until", "til", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := newDir(t, tree{"a.yaml": policy("a", 1) + "---\n" + revoke("old", "first")})
			w := watchRevocations(t, dir)
			w.next("a.yaml:first")
			put(t, filepath.Dir(dir), tree{"new.yaml": revoke("new", "second")})
			put(t, dir, broken)
			must(t, os.Rename(filepath.Join(filepath.Dir(dir), "new.yaml"), filepath.Join(dir, "z.yaml")))
			for {
				if got := soon(t, w.applied); strings.Contains(got, "a.yaml:first ") && strings.Contains(got, "z.yaml:second") {
					break
				}
			}
			must(t, os.Remove(filepath.Join(dir, "z.yaml"))) // and goes
			for {
				if got := soon(t, w.applied); !strings.Contains(got, "z.yaml:second") {
					break
				}
			}
		})
	}
}

// TestRevocationsInAFaultyFile: a document counts by itself, and what is uncertain is not taken back.
func TestRevocationsInAFaultyFile(t *testing.T) {
	t.Parallel()
	dir := newDir(t, tree{"a.yaml": revoke("a", "a1") + "---\n" + revoke("b", "b1") + "---\n" + policy("a", 1)})
	w := watchRevocations(t, dir)
	w.next("a.yaml:a1 a.yaml:b1")
	replace(t, dir, "a.yaml", halfPolicy+"---\n"+revoke("a", "a2")+"---\n"+revoke("b", "b1"))
	w.next("a.yaml:a2 a.yaml:b1") // a fault of what is known to be none is nothing to Revocations
	replace(t, dir, "a.yaml", halfPolicy+"---\n"+revoke("a", "a2"))
	w.next("a.yaml:a2") // nor does it keep one from being taken back
	replace(t, dir, "a.yaml", revoke("a", "a2")+"---\n"+revoke("b", "b2")+"---\n"+revoke("c", "c1"))
	w.next("a.yaml:a2 a.yaml:b2 a.yaml:c1")
	replace(t, dir, "a.yaml", revoke("a", "a3")+"---\n"+strings.Replace(revoke("b", "b3"), "until", "til", 1)+"---\n"+revoke("d", "d1"))
	w.next(`a.yaml:a3 a.yaml:d1 a.yaml:b2 a.yaml:c1 | a.yaml:13:5: an entry needs until`)
	replace(t, dir, "a.yaml", revoke("a", "a3")+"---\n"+strings.Replace(revoke("b", "b3"), "Revocation", "Revocatoin", 1))
	w.next(`a.yaml:a3 a.yaml:d1 a.yaml:b2 a.yaml:c1 | a.yaml:9:7: unknown kind "Revocatoin": did you mean "Revocation"?`)
	replace(t, dir, "a.yaml", revoke("a", "a4")[:100])
	w.next(`a.yaml:a3 a.yaml:d1 a.yaml:b2 a.yaml:c1 | a.yaml:6:13: ` + cutOff)
	replace(t, dir, "a.yaml", "# all is well again\n"+policy("a", 1))
	w.next("")
	w.nothing()
}

// TestRevocationsThatCannotBeRead stay; those of a file that is gone go.
func TestRevocationsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := newDir(t, tree{"a.yaml": policy("a", 1), "sub/b.yaml": revoke("b", "b1"), "c.yaml": revoke("c", "c1")})
	w := watchRevocations(t, dir)
	w.next("c.yaml:c1 sub/b.yaml:b1")
	hidden := filepath.Join(filepath.Dir(dir), "hidden")
	must(t, os.Rename(filepath.Join(dir, "c.yaml"), hidden))
	w.next("sub/b.yaml:b1")
	must(t, os.Symlink("nowhere", filepath.Join(dir, "x")))
	must(t, os.Rename(filepath.Join(dir, "x"), filepath.Join(dir, "sub", "b.yaml")))
	w.next("sub/b.yaml:b1 | sub/b.yaml: cannot be read: no such file or directory")
	must(t, os.Remove(filepath.Join(dir, "sub", "b.yaml")))
	w.next("")
	must(t, os.Rename(hidden, filepath.Join(dir, "c.yaml")))
	w.next("c.yaml:c1")
	replace(t, dir, "c.yaml", "# "+strings.Repeat("large", 4<<20)+"\n")
	w.next("c.yaml:c1 | c.yaml: cannot be read: it has 20971523 bytes, and at most 8388608 are read")
	replace(t, dir, "c.yaml", revoke("c", "c2"))
	w.next("c.yaml:c2")
	w.nothing()
}

// TestRevocationsOfAnEmptyDirectory, or of one that is gone, stay: somebody is about to fill it.
func TestRevocationsOfAnEmptyDirectory(t *testing.T) {
	t.Parallel()
	dir := newDir(t, tree{"a.yaml": revoke("a", "a1")})
	w := watchRevocations(t, dir)
	w.next("a.yaml:a1")
	must(t, os.Remove(filepath.Join(dir, "a.yaml")))
	w.next("a.yaml:a1 | DIR: no policies: there is no file *.yaml")
	must(t, os.Remove(dir))
	w.next("a.yaml:a1 | DIR: no such file or directory")
	put(t, dir+".new", tree{"b.yaml": revoke("b", "b1")})
	must(t, os.Rename(dir+".new", dir))
	w.next("b.yaml:b1")
	w.nothing()
}

// TestRevocationsMisnamed: a name that is not read, and for which the policies are refused, takes
// nothing back.
func TestRevocationsMisnamed(t *testing.T) {
	t.Parallel()
	dir := newDir(t, tree{"p.yaml": policy("p", 1), "sub/c.yaml": revoke("c", "c1")})
	w := watchRevocations(t, dir)
	w.next("sub/c.yaml:c1")
	move := func(from, to string) {
		t.Helper()
		must(t, os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)))
	}
	for _, name := range []string{"sub/c.yml", "sub/c.YAML", "sub/c.Yml"} {
		move("sub/c.yaml", name)
		w.next("sub/c.yaml:c1 | " + name + ": would not be read: policies are named *.yaml")
		move(name, "sub/c.yaml")
		w.next("sub/c.yaml:c1")
	}
	put(t, dir, tree{".new/c.yaml": "x"})
	move("sub/c.yaml", ".c")
	move(".new", "sub/c.yaml")
	w.next("sub/c.yaml:c1 | sub/c.yaml: is a directory: give it a name that is not that of a file")
	move("sub/c.yaml", ".new")
	w.next("") // for now it is gone
	w.nothing()
}

// TestRevocationsAreNotCrowdedOut by all that others may write into a directory.
func TestRevocationsAreNotCrowdedOut(t *testing.T) {
	t.Parallel()
	dir := newDir(t, tree{"z.yaml": revoke("z", "z1")})
	for i := range 9 {
		name := filepath.Join(dir, fmt.Sprintf("%d.yaml", i))
		must(t, os.WriteFile(name, nil, 0o644))
		must(t, os.Truncate(name, 8<<20))
	}
	w := watchRevocations(t, dir)
	w.next("z.yaml:z1 | 0.yaml:1:8388608: " + cutOff)
	w.nothing()
}

// TestRevocationsComeEarly: what is sound does not wait for what takes long to read.
func TestRevocationsComeEarly(t *testing.T) {
	t.Parallel()
	const known, new = "z.yaml:1:1: a document needs apiVersion", "sub/0.yaml:1:1: a control character (U+0000)"
	dir := newDir(t, tree{"z.yaml": "kind: Revocation\n"})
	w := watchRevocations(t, dir)
	w.next("| " + known)
	put(t, dir, tree{".sub/0.yaml": strings.Repeat("\x00", 2<<20) + "\n", ".sub/z.yaml": revoke("z", "z1")})
	must(t, os.Rename(filepath.Join(dir, ".sub"), filepath.Join(dir, "sub")))
	w.next("sub/z.yaml:z1 | " + known) // the rest is not known yet
	w.next("sub/z.yaml:z1 | " + new)
	w.nothing()
}

// TestRevocationsConfigMap swaps a volume as a kubelet does: nothing is taken back in between.
func TestRevocationsConfigMap(t *testing.T) {
	dir := newDir(t, tree{"..1/a.yaml": revoke("a", "v1"), "..data": "->..1", "a.yaml": "->..data/a.yaml"})
	w := watchRevocations(t, dir)
	w.next("a.yaml:v1")
	for i := 2; i < 6; i++ {
		now := fmt.Sprintf("..%d", i)
		put(t, dir, tree{now + "/a.yaml": revoke("a", fmt.Sprintf("v%d", i)), "..data_tmp": "->" + now})
		must(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
		must(t, os.RemoveAll(filepath.Join(dir, fmt.Sprintf("..%d", i-1))))
		w.next(fmt.Sprintf("a.yaml:v%d", i))
	}
	w.nothing()
}

// TestRevocationsUnderNoise: a directory that never rests delays no Revocation for long, and takes
// none back.
func TestRevocationsUnderNoise(t *testing.T) {
	dir := newDir(t, tree{"a.yaml": revoke("a", "a1"), "p.yaml": policy("p", 1)})
	w := watchRevocations(t, dir)
	w.next("a.yaml:a1")
	replace(t, dir, "b.yaml", revoke("b", "b1"))
	ticker := time.NewTicker(quiet / 8)
	defer ticker.Stop()
	for i := 0; ; i++ {
		select {
		case <-ticker.C:
			replace(t, dir, "p.yaml", policy("p", i))
			continue
		case got := <-w.applied:
			if got != "a.yaml:a1 b.yaml:b1" {
				t.Fatalf("applied %s", got)
			}
		case <-time.After(time.Minute):
			t.Fatal("nothing was applied")
		}
		return
	}
}

// TestRevocationsSayTheirFilesAndDigest, and nothing else makes another.
func TestRevocationsSayTheirFilesAndDigest(t *testing.T) {
	dir := newDir(t, tree{"a.yaml": policy("a", 1), "b.yaml": revoke("b", "b1"), "c.yaml": revoke("c", "c1")})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	applied := make(chan *directory.Revocations, 10)
	done := make(chan error, 1)
	go func() {
		done <- directory.NewWatcher(dir, "", quiet, nil).WatchRevocations(ctx, func(r *directory.Revocations) { applied <- r })
	}()
	first := soon(t, applied)
	if got := strings.Join(first.Files, " "); got != "b.yaml c.yaml" || len(first.Digest) != 64 || first.Err != nil {
		t.Fatalf("%s, digest %s, %v", got, first.Digest, first.Err)
	}
	replace(t, dir, "a.yaml", policy("a", 2)) // no news
	replace(t, dir, "b.yaml", "# moved\n---\n"+revoke("b", "b1"))
	if moved := soon(t, applied); moved.Digest != first.Digest || moved.Documents[0].Entries[0].At != "b.yaml:8:5" {
		t.Errorf("digest %s, the entry at %s", moved.Digest, moved.Documents[0].Entries[0].At)
	}
	replace(t, dir, "b.yaml", revoke("b", "b2"))
	if changed := soon(t, applied); changed.Digest == first.Digest {
		t.Error("another entry has the same digest")
	}
	for _, name := range []string{"b.yaml", "c.yaml"} {
		must(t, os.Remove(filepath.Join(dir, name)))
	}
	for last := soon(t, applied); last.Digest != "" || len(last.Documents)+len(last.Files) > 0; last = soon(t, applied) {
	}
	cancel()
	must(t, soon(t, done))
}

// TestRevocationsAreNoPolicy: they make no other policy, and are checked with it.
func TestRevocationsAreNoPolicy(t *testing.T) {
	dir := newDir(t, tree{"a.yaml": policy("a", 1)})
	w := watch(t, dir, "")
	w.next("a.yaml:v1")
	before := load(t, dir, "")
	replace(t, dir, "r.yaml", revoke("r", "r1"))
	after := load(t, dir, "")
	if before.Digest != after.Digest || strings.Join(after.Files, " ") != "a.yaml" || len(after.Documents) != 2 {
		t.Errorf("digest %s and %s, files %s, %d documents", before.Digest, after.Digest, after.Files, len(after.Documents))
	}
	replace(t, dir, "a.yaml", policy("a", 2))
	w.next("a.yaml:v2 r.yaml:Revocation") // the Revocation alone was no news
	replace(t, dir, "r.yaml", "\n"+strings.Replace(revoke("r", "r1"), "until", "til", 1))
	w.next("r.yaml:7:5: an entry needs until\n" + `r.yaml:7:49: unknown field "til": an entry has name, provider, subjects, tokenIDs, sessionIDs, keyIDs, issuedBefore, callers, trustDomain, serials and until`)
	w.nothing()
	refused(t, newDir(t, tree{"a.yaml": revoke("r", "a"), "b.yaml": revoke("r", "b")}), "", "b.yaml:1:1: the Revocation r stands at a.yaml:1:1 already")
}
