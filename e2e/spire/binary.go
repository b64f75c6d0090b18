package spire

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/postern/postern/e2e/cache"
)

// Version is the SPIRE that Build builds and the tests are written for.
const Version = "1.13.0"

// module is SPIRE's, and sum its hash as go.sum would have it.
const (
	module = "github.com/spiffe/spire@v" + Version
	sum    = "h1:xqpaVDwgmyRKw5yDs8xVRi5wM6nChXjLXxjDcSpA/rw="
)

// The names of the binaries.
const (
	serverName = "spire-server"
	agentName  = "spire-agent"
)

// ErrNotFound says that there is no SPIRE on this machine.
var ErrNotFound = errors.New("no SPIRE found: run \"make e2e-spire\" (it builds " + Version + ")")

// Folder returns where the binaries are. It is ErrNotFound when they are not.
func Folder() (string, error) {
	dir, err := cached()
	if err != nil {
		return "", err
	}
	if !whole(dir) {
		return "", ErrNotFound
	}
	return dir, nil
}

// Require returns where the binaries are. Without them the test is skipped with the reason,
// and fails where CI=true.
func Require(t testing.TB) string {
	t.Helper()
	dir, err := Folder()
	if err != nil {
		cache.Lack(t, err)
	}
	return dir
}

func folder() string { return "spire-" + Version + "-" + runtime.Version() }

// cached returns where Build puts the binaries, whether they are there or not: another Go
// makes other binaries.
func cached() (string, error) {
	return cache.Folder(folder())
}

// whole says that dir has both binaries. It appears whole or not at all.
func whole(dir string) bool {
	for _, name := range []string{serverName, agentName} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}
