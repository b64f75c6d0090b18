package directory

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/policy/syntax"
)

// A story is what a keeper does, in its order: the files that it opens, and what it tells early.
type story struct {
	t   *testing.T
	dir string
	k   *keeper
	all []string
}

// newStory begins one in an empty directory, far from every change.
func newStory(t *testing.T) *story {
	t.Helper()
	s := &story{t: t, dir: t.TempDir()}
	s.k = newKeeper(s.dir)
	s.k.now = func() time.Time { return time.Now().Add(time.Hour) }
	s.k.early = func(r *Revocations) { s.all = append(s.all, "early ["+where(r)+"]") }
	s.k.open = func(root *os.Root, name string) ([]byte, fs.FileInfo, error) {
		s.all = append(s.all, name)
		return readInfo(root, name)
	}
	return s
}

// stop holds the clock, so that what is written from now on was written just now and is not remembered.
func (s *story) stop() {
	now := time.Now()
	s.k.now = func() time.Time { return now }
}

// where returns the files and lines of the entries.
func where(r *Revocations) string {
	var all []string
	for _, d := range r.Documents {
		for _, e := range d.Entries {
			all = append(all, strings.TrimSuffix(e.At, ":5"))
		}
	}
	return strings.Join(all, " ")
}

// put writes a file. A number is one of so many bytes, which is none that can be read.
func (s *story) put(name string, text any) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	var err error
	switch text := text.(type) {
	case string:
		err = os.WriteFile(path, []byte(text), 0o644)
	case int:
		err = errors.Join(os.WriteFile(path, nil, 0o644), os.Truncate(path, int64(text)))
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *story) remove(name string) {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
		s.t.Fatal(err)
	}
}

// goes holds a pass to what it is to do, and to find.
func (s *story) goes(found string, want ...string) error {
	s.t.Helper()
	s.all = nil
	r, _, rests := s.k.read()
	if !slices.Equal(s.all, want) || where(r) != found || !rests {
		s.t.Fatalf("\n got %q, at rest %v, found %s\nwant %q, found %s", s.all, rests, where(r), want, found)
	}
	return r.Err
}

func revocation(name string, lines int) string {
	return strings.Repeat("#\n", lines) + "apiVersion: postern.dev/v1alpha1\nkind: Revocation\nmetadata: {name: " + name + "}\nspec:\n  entries:\n  - {callers: [spiffe://shop.test/a], until: 2027-01-01T00:00:00Z}\n"
}

const other = "apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\n"

// TestPassOrder: what is large and had none waits for all others.
func TestPassOrder(t *testing.T) {
	s := newStory(t)
	s.stop()
	s.put("a.yaml", 8<<20)
	s.put("b.yaml", 7<<20)
	s.put("c.yaml", revocation("c", small))
	s.put("d.yaml", other+other)
	s.put("e.yaml", other)
	s.put("z.yaml", revocation("z", 0))
	s.k.early = func(*Revocations) {}
	_ = s.goes("c.yaml:65542 z.yaml:6", "e.yaml", "d.yaml", "z.yaml", "c.yaml", "b.yaml", "a.yaml")
	s.put("c.yaml", revocation("c", 7<<19)) // which is larger than b.yaml now
	_ = s.goes("c.yaml:3670022 z.yaml:6", "z.yaml", "e.yaml", "d.yaml", "c.yaml", "b.yaml", "a.yaml")
}

// TestPassTellsEarly what is sound, and takes nothing back while it goes on.
func TestPassTellsEarly(t *testing.T) {
	s := newStory(t)
	s.stop()
	s.put("p.yaml", other)
	s.put("b.yaml", revocation("b", 0))
	_ = s.goes("b.yaml:6", "p.yaml", "b.yaml")
	s.put("a.yaml", 2<<20)
	_ = s.goes("b.yaml:6", "b.yaml", "p.yaml", "a.yaml") // no news
	s.remove("b.yaml")
	s.put("z.yaml", revocation("z", 0))
	s.put("y.yaml", 3<<20)
	_ = s.goes("z.yaml:6", "p.yaml", "z.yaml", "early [b.yaml:6 z.yaml:6]", "a.yaml", "y.yaml")
	for i := range 20 { // more than a stride of files each of which is small
		s.put(fmt.Sprintf("s%02d.yaml", i), revocation(fmt.Sprintf("s%d", i), small/2-100))
	}
	s.all = nil
	_, _, _ = s.k.read()
	if first := slices.IndexFunc(s.all, func(one string) bool { return strings.HasPrefix(one, "early") }); first < 0 || first > 19 {
		t.Errorf("told first after %d files of %d", first, len(s.all))
	}
}

// TestPassKeepsWhatItTold: what was told while the directory changed stays until it is certain that
// it is gone.
func TestPassKeepsWhatItTold(t *testing.T) {
	s := newStory(t)
	s.put("p.yaml", other)
	_ = s.goes("", "p.yaml")
	s.put("a.yaml", 2<<20)
	s.put("z.yaml", revocation("z", 0))
	passes := 0
	s.k.open = func(root *os.Root, name string) ([]byte, fs.FileInfo, error) {
		text, info, err := readInfo(root, name)
		if name == "a.yaml" {
			if passes++; passes == 1 {
				s.remove("z.yaml")
			}
			s.put("noise.yaml", strings.Repeat("#\n", passes))
			s.put("a.yaml", 2<<20+passes)
		}
		return text, info, err
	}
	r, _, rests := s.k.read()
	if where(r) != "z.yaml:6" || rests || passes != attemptsRevocations {
		t.Errorf("found %q, at rest %v, in %d passes", where(r), rests, passes)
	}
	s.k.open = readInfo
	if r, _, _ := s.k.read(); where(r) != "" {
		t.Errorf("found %q at rest", where(r))
	}
}

// TestBudget: what can hold no Revocation leaves the room to what may.
func TestBudget(t *testing.T) {
	var b budget
	for range maxBytes / syntax.MaxFile {
		for range 20 {
			if err := b.take(&reading{size: syntax.MaxFile}); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.take(&reading{size: syntax.MaxFile, may: true}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.take(&reading{size: 1, may: true}); err == nil || err.Error() != "is beyond the 67108864 bytes that are read of all files that may hold a Revocation" {
		t.Error(err)
	}
	s := newStory(t)
	s.put("a.yaml", 20<<20) // which counts for what is read of it
	info, err := os.Stat(filepath.Join(s.dir, "a.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for range maxSearched / syntax.MaxFile {
		if err := b.search(file{"a.yaml", info}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.search(file{"a.yaml", info}); err == nil || err.Error() != "is beyond the 1073741824 bytes in which Revocations are looked for" {
		t.Error(err)
	}
}

// TestMemoryIsBounded by the faults in it.
func TestMemoryIsBounded(t *testing.T) {
	s := newStory(t)
	s.put("a.yaml", other)
	info, err := os.Stat(filepath.Join(s.dir, "a.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if changeTime(info).IsZero() {
		t.Skip("the system does not tell when a file was changed")
	}
	var faults syntax.Errors
	for range 99 {
		faults.Add(errors.New("x"))
	}
	m := newMemory()
	for i := range 1000 {
		m.keep(&reading{file: file{fmt.Sprint(i), info}, err: faults.Err()}, s.k.now())
	}
	if each := syntax.MaxErrors + 1; m.faults > maxRemembered || len(m.files) != maxRemembered/each {
		t.Errorf("%d files with %d faults", len(m.files), m.faults)
	}
	if m.keep(&reading{file: file{"sound", info}}, s.k.now()); m.files["sound"] == nil {
		t.Error("one without faults is not remembered")
	}
}
