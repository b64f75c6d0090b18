package revoke_test

import (
	"testing"

	"github.com/postern/postern/identity/revocation"
	"github.com/postern/postern/policy/directory/revoke"
	"github.com/postern/postern/policy/syntax"
)

// FuzzEdit holds that whatever file is accepted, one entry goes, one comes, and nothing else changes in
// what the file cuts off. The name is written as it is, or refused.
func FuzzEdit(f *testing.F) {
	const entry = "- {name: a, provider: shop-idp, subjects: [a], until: 2026-11-22T13:00:00Z}"
	for _, text := range []string{
		head + "  entries:\n  " + entry + "\n", head + "  entries: []\n", head + "  entries:\n  # one\n  " + entry + " # it\n\n  # two\n",
		head + "  entries:\n  - name: a\n    callers:\n    - spiffe://a.test/b\n    until: 2026-11-22T13:00:00Z\n  " + entry[:6] + "b" + entry[7:] + "\n",
		"---\n" + head + "  entries:\n  -   " + entry[2:] + "\n...\n", head + "  entries: [" + entry[2:] + "]\n", "{}", "",
		"kind: Revocation\nspec:\n  entries:\n  " + entry + "\napiVersion: postern.dev/v1alpha1\nmetadata: {name: revoked}\n",
	} {
		f.Add(text, "of-x")
		f.Add(text, `"\ #:{}[],&*!|>'%@`+"`")
	}
	f.Fuzz(func(t *testing.T, text, subject string) {
		e := subjectEntry(subject)
		after, err := revoke.Edit([]byte(text), e)
		if err != nil {
			return
		}
		before, err := syntax.Parse("r.yaml", []byte(text))
		if err != nil {
			t.Fatalf("%q was refused: %v", text, err)
		}
		now, err := syntax.Parse("r.yaml", after)
		if err != nil || len(now) != 1 {
			t.Fatalf("%q became %q: %v", text, after, err)
		}
		was, is := before[0].Revocation.Entries, now[0].Revocation.Entries
		if len(is) != max(1, len(was)) || is[len(is)-1].Subjects[0] != subject {
			t.Fatalf("%q became %q", text, after)
		}
		for i := range is[:len(is)-1] {
			if is[i].Name != was[i+1].Name || !is[i].Until.Equal(was[i+1].Until) {
				t.Fatalf("%q became %q", text, after)
			}
		}
		if _, err := revocation.Compile(now[0].Revocation); err != nil {
			t.Fatal(err)
		}
	})
}
