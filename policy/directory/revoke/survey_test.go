package revoke_test

import (
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/policy/directory/revoke"
)

// idp is an IdentityProvider.
func idp(name, issuer string) string {
	return "apiVersion: postern.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {name: " + name + "}\nspec:\n  jwt: {issuer: " + issuer + ", audiences: [a], jwks: {discovery: true}, algorithms: [ES256]}\n"
}

func look(t *testing.T, files map[string]string) *revoke.Survey {
	t.Helper()
	s, err := revoke.Look(directory(t, files))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLook(t *testing.T) {
	entries := head + "  entries:\n  - {name: a, callers: [spiffe://shop.test/a], until: 2026-11-22T13:00:00Z}\n  - {name: over, callers: [spiffe://shop.test/b], until: 2026-11-22T12:00:00Z}\n"
	twice := strings.Replace(entries, "revoked", "other", 1)
	s := look(t, map[string]string{
		"idp.yaml": idp("shop-idp", "https://idp.shop.test/"), "more/idp.yaml": idp("staff-idp", "https://idp.shop.test/"),
		"r.yaml": entries, "s.yaml": strings.Replace(twice, "name: over", "name: b", 1),
	})
	if s.Faults != nil || len(s.Entries) != 4 || len(s.InForce(noon)) != 2 || len(s.InForce(noon.Add(-time.Second))) != 4 {
		t.Fatalf("%+v", s)
	}
	for name, want := range map[string]string{
		"over": "r.yaml:7:5", "b": "s.yaml:7:5", "r.yaml:6:5": "r.yaml:6:5",
	} {
		if e, err := s.Find(name); err != nil || e.At != want {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
	for name, want := range map[string]string{
		"a": "2 entries have the name", "none": "no entry", "": "no entry", "r.yaml:5:5": "no entry",
	} {
		if _, err := s.Find(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if p, err := s.Provider("staff-idp"); err != nil || p.Name != "staff-idp" {
		t.Error(err)
	}
	for name, want := range map[string]string{"shop-ipd": `did you mean "shop-idp"?`, "xyz": "there is shop-idp, staff-idp"} {
		if _, err := s.Provider(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Unmeant(); err == nil || strings.Contains(err.Error(), "wrong") {
		t.Error(err)
	}
}

// TestFree finds a name that another file has, wherever that is.
func TestFree(t *testing.T) {
	entries := head + "  entries:\n  - {callers: [spiffe://shop.test/a], until: 2026-11-22T13:00:00Z}\n"
	called := func(name string) string { return strings.Replace(entries, "revoked", name, 1) }
	s := look(t, map[string]string{
		"revocations/ours.yaml": called("ours"), "a.yaml": called("both"), "revocations/both.yaml": called("both"), "z.yaml": called("after"),
		"revocations/after.yaml": called("after"), "more/there.yaml": called("theirs") + "---\nkind: ServicePolicy\n", "idp.yaml": idp("shop-idp", "https://idp.shop.test/"),
	})
	for name, want := range map[string]string{"ours": "", "new": "", "shop-idp": "", "both": "a.yaml", "after": "z.yaml", "theirs": "more/there.yaml"} {
		if err := s.Free(name); (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want+" has a Revocation that is called "+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLookWhereSomethingIsWrong finds what can be found, and says that there may be more.
func TestLookWhereSomethingIsWrong(t *testing.T) {
	s := look(t, map[string]string{
		"idp.yaml": idp("shop-idp", "https://idp.shop.test/"), "broken.yaml": "kind: IdentityProvider\nspec: [\n",
		"r.yaml": head + "  entries:\n  - {callers: [spiffe://shop.test/a], until: 2026-11-22T13:00:00Z}\n---\nkind: ServicePolicy\n",
	})
	if s.Faults == nil || len(s.Entries) != 1 {
		t.Fatalf("%+v", s)
	}
	if _, err := s.Provider("other"); err == nil || !strings.Contains(err.Error(), "broken.yaml:2:") {
		t.Error(err)
	}
	if err := s.Unmeant(); !strings.Contains(err.Error(), "broken.yaml:2:") {
		t.Error(err)
	}
	if _, err := revoke.Look(t.TempDir()); err == nil {
		t.Error("an empty directory is fine")
	}
}
