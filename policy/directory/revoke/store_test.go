package revoke_test

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
	"unicode"
	"unicode/utf8"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/directory/revoke"
)

// noon is the time of every test.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const head = "apiVersion: postern.dev/v1alpha1\nkind: Revocation\nmetadata: {name: revoked}\nspec:\n"

// directory returns one of policies, with files.
func directory(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// revoked is the document, "" when it is not there.
func revoked(t testing.TB, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "revocations/revoked.yaml"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// subject is an entry that ends an hour after noon, or at another time.
func subject(name string, until ...time.Time) identity.RevocationEntry {
	until = append(until, noon.Add(time.Hour))
	return identity.RevocationEntry{Name: name, Providers: []string{"shop-idp"}, Subjects: []string{"of-" + name}, Until: until[0]}
}

// subjectEntry is an entry without a name.
func subjectEntry(value string) identity.RevocationEntry {
	e := subject("")
	e.Subjects = []string{value}
	return e
}

func add(t testing.TB, dir string, now time.Time, entries ...identity.RevocationEntry) revoke.Written {
	t.Helper()
	w, err := revoke.NewStore(dir).Add("revoked", entries, now)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestAddAndLift(t *testing.T) {
	dir := directory(t, nil)
	w := add(t, dir, noon, subject("a"))
	if w.File != "revocations/revoked.yaml" || w.Entries[0].At != "revocations/revoked.yaml:7:5" {
		t.Errorf("%+v", w)
	}
	w = add(t, dir, noon, subject("b"), subject("c"))
	if len(w.Entries) != 2 || w.Entries[1].At != "revocations/revoked.yaml:9:5" {
		t.Errorf("%+v", w)
	}
	want := "# Written by postern revoke, which also takes out what has ended.\n" + head + `  entries:
  - {name: a, provider: shop-idp, subjects: [of-a], until: 2026-11-22T13:00:00Z}
  - {name: b, provider: shop-idp, subjects: [of-b], until: 2026-11-22T13:00:00Z}
  - {name: c, provider: shop-idp, subjects: [of-c], until: 2026-11-22T13:00:00Z}
`
	if got := revoked(t, dir); got != want {
		t.Fatalf("got\n%s", got)
	}
	store := revoke.NewStore(dir)
	for i, name := range []string{"b", "a", "c"} {
		w, err := store.Lift("revocations/revoked.yaml", subject(name))
		if err != nil || len(w.Entries) != 1 || strings.Count(revoked(t, dir), "\n  - ") != 2-i {
			t.Fatalf("%s: %v\n%s", name, err, revoked(t, dir))
		}
	}
	if !strings.HasSuffix(revoked(t, dir), "  entries: []\n") {
		t.Errorf("the last one leaves\n%s", revoked(t, dir))
	}
	if _, err := store.Lift("revocations/revoked.yaml", subject("b")); err == nil || !strings.Contains(err.Error(), "no more") {
		t.Error(err)
	}
	add(t, dir, noon, subject("d"))
	if got := revoked(t, dir); !strings.HasSuffix(got, "  entries:\n  - {name: d, provider: shop-idp, subjects: [of-d], until: 2026-11-22T13:00:00Z}\n") {
		t.Errorf("after it was empty\n%s", got)
	}
}

// TestAStoreSeesWhatOthersWrite, for it remembers what it wrote itself.
func TestAStoreSeesWhatOthersWrite(t *testing.T) {
	dir := directory(t, nil)
	mine, theirs := revoke.NewStore(dir), revoke.NewStore(dir)
	for i := range 6 {
		store := []*revoke.Store{mine, mine, theirs}[i%3]
		w, err := store.Add("revoked", []identity.RevocationEntry{subject(fmt.Sprintf("e%d", i))}, noon)
		if want := fmt.Sprintf("revocations/revoked.yaml:%d:5", 7+i); err != nil || w.Entries[0].At != want {
			t.Fatalf("%d: %+v, %v", i, w, err)
		}
	}
	if _, err := mine.Lift("revocations/revoked.yaml", subject("e2")); err != nil {
		t.Error(err)
	}
	if _, err := mine.Lift("revocations/revoked.yaml", subject("e4")); err != nil {
		t.Error(err)
	}
	if got := revoked(t, dir); strings.Count(got, "\n  - ") != 4 || strings.Contains(got, "e2") || strings.Contains(got, "e4") {
		t.Errorf("got\n%s", got)
	}
}

// TestComments of whoever writes by hand stay, and so does what has ended there.
func TestComments(t *testing.T) {
	const hand = head + `  entries:
  # a laptop
  - name: a
    provider: shop-idp
    subjects: [of-a] # hers
    until: 2026-11-22T13:00:00Z

  # over, and kept
  - {name: b, callers: [spiffe://shop.test/b], until: 2026-11-01T00:00:00Z}
  # to the end
`
	dir := directory(t, map[string]string{"revocations/revoked.yaml": hand})
	w := add(t, dir, noon, subject("c"))
	const added = "  - {name: c, provider: shop-idp, subjects: [of-c], until: 2026-11-22T13:00:00Z}\n"
	if got := revoked(t, dir); got != hand+added || w.Pruned != 0 || w.Entries[0].At != "revocations/revoked.yaml:15:5" {
		t.Errorf("%+v\n%s", w, got)
	}
	if _, err := revoke.NewStore(dir).Lift("revocations/revoked.yaml", subject("a")); err != nil {
		t.Fatal(err)
	}
	if got := revoked(t, dir); !strings.Contains(got, "# a laptop") || !strings.Contains(got, "# over, and kept") || strings.Contains(got, "of-a") {
		t.Errorf("got\n%s", got)
	}
}

// TestWhatHasEndedIsTakenOut of a document that Add has made, a day after its end: until then a clock
// that was ahead is right again.
func TestWhatHasEndedIsTakenOut(t *testing.T) {
	dir := directory(t, nil)
	const day = 24 * time.Hour
	add(t, dir, noon, subject("a"), subject("b", noon.Add(2*time.Hour)))
	if w := add(t, dir, noon.Add(day+time.Hour), subject("c")); w.Pruned != 0 {
		t.Errorf("%+v", w)
	}
	w := add(t, dir, noon.Add(day+time.Hour+time.Second), subject("d", noon.Add(3*time.Hour)))
	if got := revoked(t, dir); w.Pruned != 2 || strings.Contains(got, "of-a") || strings.Contains(got, "of-c") || !strings.Contains(got, "of-b") || w.Entries[0].At != "revocations/revoked.yaml:8:5" {
		t.Errorf("%+v\n%s", w, got)
	}
}

// TestEveryKind is written as it is read.
func TestEveryKind(t *testing.T) {
	dir := directory(t, nil)
	odd := []string{`a "b" \c`, "12", "on", "~", "山田", "{x}", "a: b", "# c", " d ", "-", "trailing:", "2026-11-22", "0x1f", "&a", "*b", "!c", "|", "%d", "@e", "`f`", "null", "'g'"}
	all := []identity.RevocationEntry{
		{Providers: []string{"a", "b"}, Subjects: odd},
		{Providers: []string{"a"}, Subjects: []string{"x"}, IssuedBefore: noon.Add(time.Millisecond)},
		{Providers: []string{"a"}, IssuedBefore: noon},
		{Providers: []string{"a"}, TokenIDs: odd},
		{Providers: []string{"a"}, SessionIDs: odd},
		{Providers: []string{"a"}, KeyIDs: odd},
		{Callers: []string{"spiffe://shop.test/ns/*/sa/web", "spiffe://shop.test/x/**"}},
		{TrustDomain: "shop.test", Serials: []string{"0a1b", "1234", "12e4"}},
	}
	for i := range all {
		all[i].Name, all[i].Until = fmt.Sprintf("n%d", i), noon.Add(time.Hour)
	}
	w := add(t, dir, noon, all...)
	if got := w.Entries[1].IssuedBefore; !got.Equal(noon.Add(time.Second)) {
		t.Errorf("a part of a second becomes %v", got)
	}
	for i, e := range w.Entries {
		if i != 1 && (fmt.Sprint(e.Subjects, e.TokenIDs, e.SessionIDs, e.KeyIDs, e.Callers, e.Serials, e.IssuedBefore) !=
			fmt.Sprint(all[i].Subjects, all[i].TokenIDs, all[i].SessionIDs, all[i].KeyIDs, all[i].Callers, all[i].Serials, all[i].IssuedBefore)) {
			t.Errorf("got %+v, want %+v", e, all[i])
		}
	}
}

// TestCharactersThatCannotBeSeen are in tokens that are accepted, so they are written, and so that
// whoever reads the file sees them.
func TestCharactersThatCannotBeSeen(t *testing.T) {
	values := []string{
		"bob\u00a0", "\u200bcarol", "dev\u00ad", "👩\u200d💻", "x\u202ey", "\u3000z", "q\ue000", "\ufeffn", "\ufffd", "a\u2028b", "\u2029", "\U000e0061", "\U0010ffff",
		"\u0301", "\uffff", "\ufffe", `\u200b`, "a \"\u200b\" b", " ", "\u0378",
	}
	for _, v := range values {
		dir := directory(t, nil)
		w := add(t, dir, noon, subjectEntry(v))
		if got := w.Entries[0].Subjects; len(got) != 1 || got[0] != v {
			t.Errorf("%+q: read back as %+q", v, got)
		}
		if text := revoked(t, dir); strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
			t.Errorf("%+q is written as\n%q", v, text)
		}
		if again := add(t, dir, noon, subject("next")); again.Entries[0].At != "revocations/revoked.yaml:8:5" {
			t.Errorf("%+q: behind it %+v", v, again)
		}
	}
}

// TestEveryCharacter that can be in a token is written and read back.
func TestEveryCharacter(t *testing.T) {
	var all []string
	for r := rune(' '); r <= unicode.MaxRune; r++ {
		if utf8.ValidRune(r) && !unicode.IsControl(r) && (r < 0x3400 || r >= 0xd000 && r < 0x20000 || r >= 0xe0000 && r < 0xe0200 || r > 0x10fff0) {
			all = append(all, string(r)+"x")
		}
	}
	e := subject("every")
	store := revoke.NewStore(directory(t, nil))
	for part := range slices.Chunk(all, 4000) {
		e.Subjects = part
		if got, text, err := store.Preview("revoked", e, noon); !strings.HasPrefix(string(text), "# Written by postern revoke") || err != nil || !slices.Equal(got.Subjects, part) {
			t.Errorf("from %+q: %v", part[0], err)
		}
	}
}

// TestAddRefuses and leaves what was there.
func TestAddRefuses(t *testing.T) {
	good := head + "  entries:\n  - {name: taken, provider: shop-idp, subjects: [a], until: 2026-11-22T13:00:00Z}\n"
	with := func(edit func(*identity.RevocationEntry)) identity.RevocationEntry {
		e := subject("x")
		edit(&e)
		return e
	}
	plain := subject("x")
	for name, tc := range map[string]struct {
		file  string
		entry identity.RevocationEntry
		want  string
	}{
		"a broken file":          {"kind: Revocation\nspec: [\n", plain, "revocations/revoked.yaml:2:"},
		"half a file":            {good[:len(good)-8], plain, "revocations/revoked.yaml:"},
		"two documents":          {good + "---\n" + strings.Replace(good, "revoked", "other", 1), plain, "something else than one Revocation"},
		"another kind":           {"apiVersion: postern.dev/v1alpha1\nkind: MeshPolicy\nmetadata: {name: revoked}\nspec: {}\n", plain, "something else than one Revocation"},
		"another document":       {strings.Replace(good, "revoked", "incident-42", 1), plain, "is the Revocation incident-42"},
		"entries in brackets":    {head + "  entries: [{provider: shop-idp, subjects: [a], until: 2026-11-22T13:00:00Z}]\n", plain, "in another form"},
		"all in brackets":        {strings.Replace(head, "spec:\n", "spec: {entries: []}\n", 1), plain, "in another form"},
		"something after them":   {strings.Replace(good, "metadata: {name: revoked}\n", "", 1) + "metadata: {name: revoked}\n", plain, "revocations/revoked.yaml"},
		"a name that is taken":   {good, with(func(e *identity.RevocationEntry) { e.Name = "taken" }), "an entry named \"taken\" stands in line 6 already"},
		"a bad name":             {good, with(func(e *identity.RevocationEntry) { e.Name = "Not This" }), "is no name"},
		"an empty value":         {good, with(func(e *identity.RevocationEntry) { e.Subjects = []string{""} }), "subjects: an empty value"},
		"a control character":    {good, with(func(e *identity.RevocationEntry) { e.Subjects = []string{"a\nb"} }), "subjects: a value with control characters"},
		"another of them":        {good, with(func(e *identity.RevocationEntry) { e.Subjects = []string{"a\u0085b"} }), "subjects: a value with control characters"},
		"a value that is long":   {good, with(func(e *identity.RevocationEntry) { e.Subjects = []string{strings.Repeat("a", 2049)} }), "2048 are allowed"},
		"a value of other bytes": {good, with(func(e *identity.RevocationEntry) { e.Subjects = []string{"\xff"} }), "not UTF-8"},
		"two kinds":              {good, with(func(e *identity.RevocationEntry) { e.TokenIDs = []string{"t"} }), "what would be written is refused"},
		"a bad pattern":          {good, identity.RevocationEntry{Callers: []string{"spiffe://*/x"}, Until: noon.Add(time.Hour)}, "what would be written is refused"},
		"no kind":                {good, identity.RevocationEntry{Until: noon.Add(time.Hour)}, "what would be written is refused"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := directory(t, map[string]string{"revocations/revoked.yaml": tc.file})
			store := revoke.NewStore(dir)
			for what, err := range map[string]error{
				"add":     func() error { _, err := store.Add("revoked", []identity.RevocationEntry{tc.entry}, noon); return err }(),
				"preview": func() error { _, _, err := store.Preview("revoked", tc.entry, noon); return err }(),
			} {
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("%s: got %v, want %s", what, err, tc.want)
				}
			}
			if revoked(t, dir) != tc.file {
				t.Errorf("it became\n%s", revoked(t, dir))
			}
		})
	}
}

func TestWhereNothingCanBeWritten(t *testing.T) {
	if _, err := revoke.NewStore(filepath.Join(t.TempDir(), "none")).Add("revoked", nil, noon); err == nil {
		t.Error("it is written to no directory")
	}
	file := directory(t, map[string]string{"revocations": "a file"})
	if _, err := revoke.NewStore(file).Add("revoked", []identity.RevocationEntry{subject("a")}, noon); err == nil {
		t.Error("it is written below a file")
	}
	for name, link := range map[string]string{"the folder": "revocations", "the file": "revocations/revoked.yaml"} {
		outside, dir := t.TempDir(), t.TempDir()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, link)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(outside, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
		if _, err := revoke.NewStore(dir).Add("revoked", []identity.RevocationEntry{subject("a")}, noon); err == nil {
			t.Errorf("%s leads out, and is written", name)
		}
		if left, err := os.ReadDir(outside); err != nil || len(left) > 0 {
			t.Errorf("%s: %v, %v", name, left, err)
		}
	}
}
