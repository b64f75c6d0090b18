// Package minttest is package mint for tests: the same, but an error fails the test.
package minttest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/postern/postern/identity/mint"
)

// CA is mint.NewCA.
func CA(t testing.TB, trustDomain string, options ...mint.Option) *mint.CA {
	t.Helper()
	ca, err := mint.NewCA(trustDomain, options...)
	return must(t, ca, err)
}

// Intermediate is CA.Intermediate.
func Intermediate(t testing.TB, ca *mint.CA, options ...mint.Option) *mint.CA {
	t.Helper()
	intermediate, err := ca.Intermediate(options...)
	return must(t, intermediate, err)
}

// SVID is CA.SVID.
func SVID(t testing.TB, ca *mint.CA, id string, options ...mint.Option) *mint.SVID {
	t.Helper()
	svid, err := ca.SVID(id, options...)
	return must(t, svid, err)
}

// BundleJSON is CA.BundleJSON.
func BundleJSON(t testing.TB, ca *mint.CA, authorities ...*mint.Key) []byte {
	t.Helper()
	bundle, err := ca.BundleJSON(authorities...)
	return must(t, bundle, err)
}

// Key is mint.NewKey.
func Key(t testing.TB, alg, kid string) *mint.Key {
	t.Helper()
	key, err := mint.NewKey(alg, kid)
	return must(t, key, err)
}

// Secret is mint.NewSecret.
func Secret(t testing.TB, alg, kid string, secret []byte) *mint.Key {
	t.Helper()
	key, err := mint.NewSecret(alg, kid, secret)
	return must(t, key, err)
}

// Token returns a sound access token of now, but for the edits.
func Token(t testing.TB, key *mint.Key, now time.Time, edits ...func(map[string]any)) string {
	t.Helper()
	return Sign(t, key, nil, mint.Claims(now, edits...))
}

// Sign is Key.Sign.
func Sign(t testing.TB, key *mint.Key, header, claims map[string]any) string {
	t.Helper()
	token, err := key.Sign(header, claims)
	return must(t, token, err)
}

// SignRaw is Key.SignRaw.
func SignRaw(t testing.TB, key *mint.Key, header, payload []byte) string {
	t.Helper()
	token, err := key.SignRaw(header, payload)
	return must(t, token, err)
}

// File writes data to name in a new folder of the test and returns the path.
func File(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func must[T any](t testing.TB, value T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return value
}
