package oidcprovider

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestTheLockPinsByHash holds that npm takes each package by its hash, from whatever registry
// the machine has.
func TestTheLockPinsByHash(t *testing.T) {
	var l struct {
		Packages map[string]struct {
			Version   string `json:"version"`
			Integrity string `json:"integrity"`
			Resolved  string `json:"resolved"`
		} `json:"packages"`
	}
	if err := json.Unmarshal(lock, &l); err != nil {
		t.Fatal(err)
	}
	for name, p := range l.Packages {
		if name != "" && !strings.HasPrefix(p.Integrity, "sha512-") || p.Resolved != "" {
			t.Errorf("%q: integrity %q, from %q", name, p.Integrity, p.Resolved)
		}
	}
	if got := l.Packages["node_modules/oidc-provider"].Version; got != Version || len(l.Packages) < 20 {
		t.Errorf("oidc-provider %q of %d packages", got, len(l.Packages))
	}
	if !strings.Contains(string(manifest), `"oidc-provider": "`+Version+`"`) {
		t.Errorf("package.json does not name %s", Version)
	}
}

func TestFetchSaysWhatIsMissing(t *testing.T) {
	empty := t.TempDir()
	t.Setenv("PATH", empty)
	t.Setenv("XDG_CACHE_HOME", empty)
	if err := Fetch(t.Context(), os.Stderr); err == nil || !strings.Contains(err.Error(), "apt install nodejs") {
		t.Errorf("error %v", err)
	}
}
