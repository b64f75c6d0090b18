package syntax_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax"
	"github.com/rogpeppe/go-internal/txtar"
)

// revoke returns a Revocation of this name.
func revoke(name string) string {
	return "apiVersion: postern.dev/v1alpha1\nkind: Revocation\nmetadata: {name: " + name + "}\nspec:\n  entries:\n  - {callers: [spiffe://shop.test/a], until: 2026-12-01T00:00:00Z}\n"
}

const broken = "apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: a, namespace: b}\nspec: [\n"

// Two Revocations with a line that looks like another kind.
const (
	labelledJSON = `{ "apiVersion": "postern.dev/v1alpha1", "kind": "Revocation",
"metadata": { "name": "incident-42", "labels": {
"kind": "ServicePolicy"
} },
"spec": {"entries": [{"callers": ["spiffe://shop.test/ns/shop/sa/web"], "until": "2030-01-01T00:00:00Z"}]}
}
`
	labelledYAML = `apiVersion: postern.dev/v1alpha1
"\x6bind": Revocation
metadata: {name: a, labels: {
kind: PolicyTest
}}
spec:
  entries:
  - {callers: [spiffe://shop.test/a], until: 2030-01-01T00:00:00Z}
`
)

// salvage shows what Salvage finds: the Revocations, and what is wrong.
func salvage(text string) string {
	documents, err := syntax.Salvage("f", []byte(text))
	var all []string
	for _, d := range documents {
		all = append(all, d.Name+"@"+d.Entries[0].At)
	}
	if err != nil {
		all = append(all, "\n"+err.Error())
	}
	return strings.Join(all, " ")
}

func TestSalvage(t *testing.T) {
	a, b := revoke("a"), revoke("b")
	for name, tc := range map[string]struct{ text, want string }{
		"alone":           {a, "a@f:6:5"},
		"two":             {a + "---\n" + b, "a@f:6:5 b@f:13:5"},
		"none":            {broken, ""},
		"nothing":         {"", ""},
		"before a fault":  {a + "---\n" + broken, "a@f:6:5"},
		"behind a fault":  {broken + "---\n" + a, "a@f:11:5"},
		"between faults":  {broken + "---\n" + a + "---\n" + broken, "a@f:11:5"},
		"beside a tab":    {broken + "\tx\n---\n" + a, "a@f:12:5"},
		"beside no UTF-8": {broken + "# \xff\n---\n" + a, "a@f:12:5"},
		"beside an alias": {"kind: MeshPolicy\na: &a [x, x]\nb: *a\n---\n" + a, "a@f:10:5"},
		"an alias before the kind": {"a: &a [x, x]\nkind: MeshPolicy\nb: *a\n---\n" + a, // which cannot be read that far
			"a@f:10:5 \nf:1:4: an anchor (&) is not supported: put a value that begins with & in quotes"},
		"an inline marker": {broken + "--- # ok\n" + a + "--- x: y\nkind: ServicePolicy\n", // which cannot be read that far
			"a@f:11:5 \nf:12:1: a document begins on the line below \"---\""},
		"another API": {strings.Replace(a, "postern.dev/v1alpha1", "postern.dev/v2", 1) + "---\n" + b,
			"b@f:13:5 \nf:1:13: apiVersion is postern.dev/v1alpha1, not \"postern.dev/v2\""},
		"one of two at fault": {strings.Replace(a, "until", "untl", 1) + "---\n" + b,
			"b@f:13:5 \nf:6:39: unknown field \"untl\": did you mean \"until\"?"},
		"one cannot be read": {a + "  - [\n---\n" + b, "b@f:14:5 \nf:7:5: the [ that opens here is never closed"},
		"one with a tab":     {a + "\tx\n---\n" + b, "b@f:14:5 \n" + `f:7:1: a tab: YAML is indented with spaces, and a quoted string spells it \t`},
		"a kind misspelt": {strings.Replace(a, "Revocation", "Revocatoin", 1) + "---\n" + b,
			"b@f:13:5 \nf:2:7: unknown kind \"Revocatoin\": did you mean \"Revocation\"?"},
		"two kinds": {"kind: ServicePolicy\n" + a, "\nf:3:1: \"kind\" stands here twice, first in line 1\n" +
			"f:4:11: metadata of a ServicePolicy needs namespace\nf:6:3: unknown field \"entries\": the spec of a ServicePolicy has workloads, groups, upstream, deny and routes\n" +
			"f:6:3: the spec of a ServicePolicy needs workloads"},
		"no kind":                        {"a: [\n---\n" + b, "b@f:8:5 \nf:1:4: the [ that opens here is never closed"},
		"in JSON":                        {`{"apiVersion": "postern.dev/v1alpha1", "kind": "Revocation", "metadata": {"name": "j"}, "spec": {"entries": [{"callers": ["spiffe://a.test/a"], "until": "2026-12-01T00:00:00Z"}]}}`, "j@f:1:110"},
		"in quotes":                      {strings.Replace(a, "kind: Revocation", `"kind": 'Revocation' # why`, 1), "a@f:6:5"},
		"with escapes":                   {strings.Replace(a, "Revocation", `"Revoc\u0061tion"`, 1), "a@f:6:5"},
		"a kind in a label, JSON":        {labelledJSON, "incident-42@f:5:22"},
		"a kind in a label, YAML":        {labelledYAML, "a@f:8:5"},
		"a kind in a label, broken JSON": {strings.Replace(labelledJSON, "until", "til", 1), "\nf:5:22: an entry needs until\n" + `f:5:73: unknown field "til": an entry has name, provider, subjects, tokenIDs, sessionIDs, keyIDs, issuedBefore, callers, trustDomain, serials and until`},
		"a kind in a label, half of it":  {labelledJSON[:strings.Index(labelledJSON, "},\n\"spec")], "\nf:2:13: the { that opens here is never closed"},
		"a kind in a label, misspelt":    {strings.Replace(labelledYAML, "Revocation", "Revocatoin", 1) + "x: [\n", "\nf:9:4: the [ that opens here is never closed"},
		"another kind that spells it":    {broken + "# no Revocation\n", "\nf:4:7: the [ that opens here is never closed"},
		"behind other":                   {strings.Replace(broken, "[", "{}", 1) + "# kind: Revocation\n", ""},
	} {
		got := salvage(tc.text)
		if got != tc.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, tc.want)
		}
	}
}

func TestSalvageBounds(t *testing.T) {
	documents, err := syntax.Salvage("f", []byte(revoke("a")+strings.Repeat("#", syntax.MaxFile)))
	if len(documents) != 0 || err == nil || !strings.HasPrefix(err.Error(), "f:1:1: the file has ") {
		t.Errorf("%d documents, %v", len(documents), err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	documents, err = syntax.Salvage("f", []byte(strings.Repeat("a\n---\n", 9_999)+revoke("a")+strings.Repeat("---\na\n", 1000)))
	runtime.ReadMemStats(&after)
	var all *syntax.Errors
	if len(documents) != 1 || !errors.As(err, &all) || len(all.Unwrap()) != syntax.MaxErrors+1 {
		t.Errorf("%d documents, %.200v", len(documents), err)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 64<<20 { // eight times what is measured
		t.Errorf("%d bytes", allocated)
	}
}

// sameRevocations holds Salvage to Parse.
func sameRevocations(t *testing.T, text []byte) {
	t.Helper()
	documents, err := syntax.Parse("f", text)
	salvaged, salvageErr := syntax.Salvage("f", text)
	if !syntax.MayRevoke(text) && (len(salvaged) > 0 || salvageErr != nil) {
		t.Fatalf("salvaged %v and %v where nothing may be", salvaged, salvageErr)
	}
	if err != nil {
		return
	}
	var want []*identity.Revocation
	for i := range documents {
		if documents[i].Revocation != nil {
			want = append(want, documents[i].Revocation)
		}
	}
	if salvageErr != nil || !slices.EqualFunc(salvaged, want, func(a, b *identity.Revocation) bool { return fmt.Sprint(*a) == fmt.Sprint(*b) }) {
		t.Fatalf("salvaged %v and %v, parsed %v", salvaged, salvageErr, want)
	}
	if spells := bytes.Contains(text, []byte("Revocation")) || bytes.Contains(text, []byte(`\`)); len(want) > 0 && !spells {
		t.Fatalf("%q is a Revocation and does not spell it", text)
	}
}

// cutOff holds that what is left of one sound Revocation is one, or a fault, or nothing: it is never
// taken for a document of another kind.
func cutOff(t *testing.T, text []byte, length int) {
	t.Helper()
	documents, err := syntax.Parse("f", text)
	if err != nil || len(documents) != 1 || documents[0].Revocation == nil {
		return
	}
	left := text[:length]
	if all, err := syntax.Salvage("f", left); len(all) > 0 || err != nil {
		return
	}
	for line := range bytes.Lines(left) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' && !bytes.HasPrefix(line, []byte("---")) {
			t.Fatalf("nothing is said of %q", left)
		}
	}
}

func TestSalvageHalf(t *testing.T) {
	for _, text := range []string{incident, revoke("a"), labelledJSON, labelledYAML} {
		for n := range text {
			cutOff(t, []byte(text), n)
		}
	}
}

// TestMayRevoke: what has to be read, and what need not be.
func TestMayRevoke(t *testing.T) {
	for text, want := range map[string]bool{
		"":                                    false,
		shop:                                  false,
		broken:                                false,
		broken + "---\n" + revoke("a"):        true,
		broken + "# of no Revocation\n":       true,
		broken + "# \\\n":                     true,
		broken + "kind: MeshPolicy\n":         true,
		"a: {\n" + broken:                     true,
		"- a\n":                               true,
		"kind: Revocatoin\n":                  true,
		labelledJSON:                          true,
		labelledYAML:                          true,
		strings.Repeat("#", syntax.MaxFile+1): true,
	} {
		if got := syntax.MayRevoke([]byte(text)); got != want {
			t.Errorf("%.200q: %v", text, got)
		}
	}
}

func FuzzSalvage(f *testing.F) {
	for _, text := range []string{incident, broken + "---\n" + revoke("a"), revoke("a") + "---\n" + shop, labelledJSON, labelledYAML, shop + "---\n" + labelledYAML} {
		f.Add([]byte(text), uint(60))
	}
	archive, err := txtar.ParseFile(filepath.Join("testdata", "revocation.txtar"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range archive.Files[1:] {
		if file.Name != "says" {
			f.Add([]byte(strings.Replace(string(archive.Files[0].Data), "CASE\n", string(file.Data), 1)), uint(100))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, length uint) {
		sameRevocations(t, text)
		cutOff(t, text, int(length%uint(len(text)+1)))
		if _, err := syntax.Salvage("f", text); err != nil {
			checkErrors(t, string(text), err)
		}
	})
}

// TestSalvageFindsWhatParseFinds in every text of the tests.
func TestSalvageFindsWhatParseFinds(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal(err)
	}
	for _, path := range archives {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		archive := txtar.Parse(data)
		for _, file := range archive.Files[1:] {
			sameRevocations(t, []byte(strings.Replace(string(archive.Files[0].Data), "CASE\n", string(file.Data), 1)))
		}
	}
}

// BenchmarkSalvage looks for Revocations in 10,000 rules, where there are none.
func BenchmarkSalvage(b *testing.B) {
	text := []byte(shop + strings.Repeat("# a line of a policy, and it is longer than many\n", 100_000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if documents, err := syntax.Salvage("f", text); len(documents) > 0 || err != nil {
			b.Fatal(documents, err)
		}
	}
}
