package directory_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/policy/directory"
)

// cutOff is what is said of a file without a newline at its end.
const cutOff = "the file ends in the middle of a line, as one does that is half written: end it with a newline, and replace files by mv"

// policy returns a ServicePolicy of this name; a version makes it another.
func policy(name string, version int) string {
	return fmt.Sprintf("apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: %s, namespace: shop}\nspec:\n  workloads: [spiffe://shop.test/v%d]\n", name, version)
}

// provider returns an IdentityProvider with these jwks.
func provider(name, jwks string) string {
	return fmt.Sprintf("apiVersion: postern.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {name: %s}\nspec:\n  jwt:\n    issuer: https://idp.test/\n    audiences: [a]\n    algorithms: [RS256]\n    jwks: %s\n", name, jwks)
}

// A tree is a directory: names to texts. A text that begins with -> is a link.
type tree map[string]string

// put writes a tree into dir, which it makes.
func put(t testing.TB, dir string, files tree) {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o755))
	for name, text := range files {
		path := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		if target, ok := strings.CutPrefix(text, "->"); ok {
			must(t, os.Symlink(target, path))
			continue
		}
		must(t, os.WriteFile(path, []byte(text), 0o644))
	}
}

func newDir(t testing.TB, files tree) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "policies")
	put(t, dir, files)
	return dir
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func load(t testing.TB, dir, secrets string) *directory.Content {
	t.Helper()
	content, err := directory.Load(dir, secrets)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// names returns what was loaded, as file/document.
func names(c *directory.Content) string {
	var all []string
	for _, d := range c.Documents {
		all = append(all, d.Position.Source+":"+d.Name)
	}
	return strings.Join(all, " ")
}

// refused checks that dir is not loaded, and what is said of it. DIR and SECRETS stand for the
// two directories.
func refused(t *testing.T, dir, secrets, want string) {
	t.Helper()
	content, err := directory.Load(dir, secrets)
	if content != nil {
		t.Errorf("content: %s", names(content))
		return
	}
	got := strings.ReplaceAll(fmt.Sprint(err), dir, "DIR")
	if secrets != "" {
		got = strings.ReplaceAll(got, secrets, "SECRETS")
	}
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

// soon fails the test when something takes longer than any machine needs.
func soon[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(time.Minute):
		t.Fatal("nothing happened")
		panic("unreachable")
	}
}
