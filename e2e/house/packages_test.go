package house_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// module is what every import path of our own begins with.
const module = "github.com/postern/postern"

// A pkg is what go list says of one package.
type pkg struct {
	ImportPath   string
	Dir          string
	Name         string
	Standard     bool
	Module       *struct{ Path string }
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
	Imports      []string
	Deps         []string
}

// path is the import path below the module: policy/syntax, or "." for the module itself.
func (p pkg) path() string {
	if p.ImportPath == module {
		return "."
	}
	return strings.TrimPrefix(p.ImportPath, module+"/")
}

// in says that the package is the room, or in a folder of it.
func (p pkg) in(room string) bool { return within(p.path(), room) }

// within says that path is prefix or below it.
func within(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

// ours lists every package of the module, once for all tests.
var ours = sync.OnceValues(func() ([]pkg, error) { return list("./...") })

func packages(t *testing.T) []pkg {
	t.Helper()
	all, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("go list found no package")
	}
	return all
}

// list runs go list for Linux, where the sidecar runs, whatever the tests run on.
func list(args ...string) ([]pkg, error) {
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,Name,Standard,Module,GoFiles,TestGoFiles,XTestGoFiles,Imports,Deps"}, args...)...)
	cmd.Dir = root()
	cmd.Env = append(cmd.Environ(), "GOOS=linux", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
			return nil, errors.New("go list: " + string(failed.Stderr))
		}
		return nil, err
	}
	var all []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
		all = append(all, p)
	}
}

// root is the folder of the module; a test runs in its package's.
func root() string { return filepath.Join("..", "..") }
