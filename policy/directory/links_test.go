package directory_test

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLinks(t *testing.T) {
	a := policy("a", 1)
	for _, tc := range []struct {
		name  string
		files tree
		want  string
	}{
		{"a volume of a ConfigMap", tree{"..2024/a.yaml": a, "..2024/b.yaml": policy("b", 1), "..data": "->..2024", "a.yaml": "->..data/a.yaml", "b.yaml": "->..data/b.yaml"}, "a.yaml:a b.yaml:b"},
		{"a volume with folders", tree{"..2024/sub/a.yaml": a, "..data": "->..2024", "sub": "->..data/sub"}, "sub/a.yaml:a"},
		{"a link to a neighbour's hidden file", tree{".real": a, "a.yaml": "->.real"}, "a.yaml:a"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := names(load(t, newDir(t, tc.files), "")); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestDirectoryIsALink(t *testing.T) {
	dir := newDir(t, tree{"a.yaml": policy("a", 1)})
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(dir, link))
	if got := names(load(t, link, "")); got != "a.yaml:a" {
		t.Errorf("loaded %s", got)
	}
}

func TestLinksRefused(t *testing.T) {
	a := policy("a", 1)
	outside := newDir(t, tree{"x.yaml": a})
	for _, tc := range []struct {
		name  string
		files tree
		want  string
	}{
		{"out of the directory", tree{"a.yaml": a, "x.yaml": "->../../outside/x.yaml"}, "x.yaml: cannot be read: path escapes from parent"},
		{"an absolute link", tree{"a.yaml": a, "x.yaml": "->" + outside + "/x.yaml"}, "x.yaml: cannot be read: path escapes from parent"},
		{"a folder outside", tree{"a.yaml": a, "sub": "->" + outside}, "sub: cannot be read: path escapes from parent"},
		{"to nothing", tree{"a.yaml": a, "x.yaml": "->..data/x.yaml"}, "x.yaml: cannot be read: no such file or directory"},
		{"to itself", tree{"a.yaml": a, "x.yaml": "->x.yaml"}, "x.yaml: cannot be read: too many levels of symbolic links"},
		{"around in a circle", tree{"a.yaml": a, "sub/up": "->.."}, "sub/up: is the directory . again"},
		{"a folder twice", tree{"a.yaml": a, "one/b.yaml": policy("b", 1), "two": "->one"}, "two: is the directory one again"},
		{"a file twice", tree{"a.yaml": a, "b.yaml": "->a.yaml"}, "b.yaml:1:1: the ServicePolicy shop/a stands at a.yaml:1:1 already"},
	} {
		t.Run(tc.name, func(t *testing.T) { refused(t, newDir(t, tc.files), "", tc.want) })
	}
}
