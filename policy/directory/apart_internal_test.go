package directory

import (
	"os"
	"path/filepath"
	"testing"
)

// TestOnlyFilesOfRevocationsAreApart: whatever else is written while a directory is read is read again.
func TestOnlyFilesOfRevocationsAreApart(t *testing.T) {
	const (
		revocation = "apiVersion: postern.dev/v1alpha1\nkind: Revocation\nmetadata: {name: r}\nspec: {entries: []}\n"
		provider   = "apiVersion: postern.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {name: p}\nspec:\n  jwt: {issuer: https://idp.test, audiences: [a], algorithms: [ES256], jwks: {discovery: true}}\n"
	)
	for name, tc := range map[string]struct {
		text   string
		change func(file string) error
		want   bool
	}{
		"Revocations":       {revocation, func(f string) error { return os.WriteFile(f, []byte(revocation+"# more\n"), 0o600) }, true},
		"two Revocations":   {revocation + "---\n" + revocation, func(f string) error { return os.WriteFile(f, []byte(revocation), 0o600) }, true},
		"gone":              {revocation, os.Remove, false},
		"another name":      {revocation, func(f string) error { return os.Rename(f, f+".yaml") }, false},
		"a policy":          {provider, func(f string) error { return os.WriteFile(f, []byte(provider+"# more\n"), 0o600) }, false},
		"a policy as well":  {revocation + "---\n" + provider, func(f string) error { return os.WriteFile(f, []byte(revocation), 0o600) }, false},
		"nothing":           {"# nothing yet\n", func(f string) error { return os.WriteFile(f, []byte(revocation), 0o600) }, false},
		"half a Revocation": {revocation[:60], func(f string) error { return os.WriteFile(f, []byte(revocation), 0o600) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "r.yaml")
			if err := os.WriteFile(file, []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			root, err := os.OpenRoot(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			l := newLoader(root, &parsed{})
			if err := l.files(); err != nil {
				t.Fatal(err)
			}
			if err := tc.change(file); err != nil {
				t.Fatal(err)
			}
			if got := l.found.sameBut(l.apart, list(root)); got != tc.want {
				t.Errorf("it counts as the same: %v", got)
			}
			if l.found.same(list(root)) {
				t.Error("the change is not seen")
			}
		})
	}
}
