package spire

import (
	"errors"
	"testing"

	"github.com/postern/postern/e2e/cache"
)

// Version is the SPIRE that Build builds and the tests are written for.
const Version = "1.13.0"

// sum is its hash as go.sum would have it.
const sum = "h1:xqpaVDwgmyRKw5yDs8xVRi5wM6nChXjLXxjDcSpA/rw="

// The names of the binaries.
const (
	serverName = "spire-server"
	agentName  = "spire-agent"
)

// ErrNotFound says that there is no SPIRE on this machine.
var ErrNotFound = errors.New("no SPIRE found: run \"make e2e-spire\" (it builds " + Version + ")")

// Folder returns where the binaries are. It is ErrNotFound when they are not.
func Folder() (string, error) {
	dir, ok, err := program().Installed()
	if err != nil {
		return "", err
	}
	if !ok {
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
