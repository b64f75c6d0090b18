package jose_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern/postern/identity/jose"
)

// wycheproof is the Go module that has the vectors.
const wycheproof = "github.com/c2sp/wycheproof@v0.0.0-20260902155932-3fa63dd0344a"

// exceptions are the vectors whose result is not ours, and why.
func exceptions() map[string]string {
	return map[string]string{
		"Figure20":                        "PS384, by a key that declares RS256 or another alg",
		"Figure27":                        "by a key that declares the alg ES521, which is none",
		"rejectsKeyWithRocaVulnerability": "the weakness is in how the key was generated (CVE-2017-15361), which is not looked for",
	}
}

type vectors struct {
	TestGroups []struct {
		Comment string
		Public  map[string]any
		Tests   []struct {
			TcID            int
			Comment, Result string
			JWS             any // an object in the JSON serialisation
		}
	}
}

// TestWycheproof runs the vectors for public keys. Those for symmetric ones have no public
// half and no place here.
func TestWycheproof(t *testing.T) {
	dir := moduleDir(t)
	for file, least := range map[string]int{"json_web_signature_test.json": 350, "json_web_key_test.json": 10, "json_web_crypto_test.json": 25} {
		text, err := os.ReadFile(filepath.Join(dir, "testvectors_v1", file))
		if err != nil {
			t.Fatal(err)
		}
		var v vectors
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		ran := 0
		for _, g := range v.TestGroups {
			if g.Public == nil {
				continue
			}
			set := publicSet(t, g.Public)
			for _, tc := range g.Tests {
				raw, ok := tc.JWS.(string)
				if !ok || exceptions()[tc.Comment] != "" {
					continue
				}
				ran++
				if accepted := verifies(set, raw); accepted != (tc.Result == "valid") {
					t.Errorf("%s, %s, test %d, %s: accepted is %v for %s", file, g.Comment, tc.TcID, tc.Comment, accepted, tc.Result)
				}
			}
		}
		if ran < least {
			t.Errorf("%s: only %d vectors ran", file, ran)
		}
	}
}

func publicSet(t *testing.T, public map[string]any) *jose.KeySet {
	t.Helper()
	if public["keys"] == nil {
		public = map[string]any{"keys": []any{public}}
	}
	text, err := json.Marshal(public)
	if err != nil {
		t.Fatal(err)
	}
	set, err := jose.ParseKeySet(text)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func verifies(set *jose.KeySet, raw string) bool {
	for _, id := range set.KeyIDs() {
		key, _ := set.Find(id)
		if jose.VerifySignature(raw, key) == nil {
			return true
		}
	}
	return false
}

// moduleDir returns where the vectors are in the module cache. It asks no network.
func moduleDir(t *testing.T) string {
	t.Helper()
	cmd := exec.Command("go", "mod", "download", "-json", wycheproof)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=mod")
	out, err := cmd.Output()
	var module struct{ Dir string }
	if err != nil || json.Unmarshal(out, &module) != nil || !strings.Contains(module.Dir, "wycheproof") {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not in the module cache: go mod download %s", wycheproof, wycheproof)
		}
		t.Skipf("%s is not in the module cache", wycheproof)
	}
	return module.Dir
}
