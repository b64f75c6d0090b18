package jose_test

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/identity/jose"
)

// wycheproof is the Go module that has the vectors.
const wycheproof = "github.com/c2sp/wycheproof@v0.0.0-20260902155932-3fa63dd0344a"

// The rules by which vectors have another result here than their file says.
const (
	ruleSymmetric = "refused: symmetric or private keys"
	ruleDeclared  = "refused: not the alg that the key declares" // RFC 8725 section 3.1
	ruleSpelling  = "refused: the key declares ES521, which is no alg"
	ruleROCA      = "accepted: how an RSA key was generated is not looked at" // CVE-2017-15361
)

// exceptions are the vectors with public keys whose result is not ours.
func exceptions() map[string]string {
	return map[string]string{
		"Figure20":                        ruleDeclared,
		"Figure27":                        ruleSpelling,
		"rejectsKeyWithRocaVulnerability": ruleROCA,
	}
}

type vectors struct {
	TestGroups []struct {
		Comment         string
		Public, Private map[string]any
		Tests           []struct {
			TcID            int
			Comment, Result string
			JWS             any // a string; an object in the JSON serialisation; nil for an encrypted token
		}
	}
}

// tokenFiles are the files whose vectors are whole tokens: JWS, JWK, and both. What they have of
// JWE is left out, as are the files about it (json_web_encryption, rsa_oaep, x25519_jwk, ecdh):
// no encrypted token is read here.
func tokenFiles() []string {
	return []string{"json_web_signature_test.json", "json_web_key_test.json", "json_web_crypto_test.json"}
}

// TestWycheproofTokens runs every JWS of these files. Where a group has a public key, it is what the
// issuer publishes; else its private or symmetric one is, with which nothing may verify.
func TestWycheproofTokens(t *testing.T) {
	dir := moduleDir(t)
	got := map[string]tally{}
	for _, file := range tokenFiles() {
		var v vectors
		read(t, filepath.Join(dir, "testvectors_v1", file), &v)
		for _, g := range v.TestGroups {
			published, rule := g.Public, ""
			if published == nil {
				published, rule = g.Private, ruleSymmetric
			}
			set := publish(t, published)
			for _, tc := range g.Tests {
				if tc.JWS == nil {
					continue
				}
				raw, _ := tc.JWS.(string) // an object is no token
				why := cmp.Or(rule, exceptions()[tc.Comment])
				accepted := verifies(set, raw)
				if want := tc.Result == "valid" && why == "" || why == ruleROCA; accepted != want {
					t.Errorf("%s, %s, test %d, %s: accepted is %v for %s", file, g.Comment, tc.TcID, tc.Comment, accepted, tc.Result)
				}
				got[file+" "+why] = got[file+" "+why].plus(accepted, tc.Result)
			}
		}
	}
	compare(t, got, tokenCounts())
}

// tokenCounts are what the vectors of this version of the collection come to.
func tokenCounts() map[string]tally {
	return map[string]tally{
		"json_web_crypto_test.json ":                    {2, 0, 26},
		"json_web_crypto_test.json " + ruleROCA:         {1, 0, 0},
		"json_web_crypto_test.json " + ruleSymmetric:    {0, 2, 18},
		"json_web_key_test.json ":                       {1, 0, 9},
		"json_web_key_test.json " + ruleROCA:            {1, 0, 0},
		"json_web_key_test.json " + ruleSymmetric:       {0, 4, 11},
		"json_web_signature_test.json ":                 {32, 0, 325},
		"json_web_signature_test.json " + ruleDeclared:  {0, 2, 0},
		"json_web_signature_test.json " + ruleSpelling:  {0, 2, 0},
		"json_web_signature_test.json " + ruleSymmetric: {0, 10, 30},
	}
}

// A tally says how many vectors came out how.
type tally struct{ accepted, refused, invalid int }

// plus returns the tally with one vector more.
func (n tally) plus(accepted bool, result string) tally {
	switch {
	case accepted:
		n.accepted++
	case result == "valid":
		n.refused++
	default:
		n.invalid++
	}
	return n
}

// compare prints what came out, and fails when it is not what it was.
func compare(t *testing.T, got, want map[string]tally) {
	t.Helper()
	var sum tally
	for _, name := range slices.Sorted(maps.Keys(got)) {
		n := got[name]
		t.Logf("%-95s %5d accepted, %5d valid refused, %5d invalid refused", name, n.accepted, n.refused, n.invalid)
		sum = tally{sum.accepted + n.accepted, sum.refused + n.refused, sum.invalid + n.invalid}
	}
	t.Logf("%d vectors: %+v", sum.accepted+sum.refused+sum.invalid, sum)
	if !maps.Equal(got, want) {
		t.Errorf("the counts are %v, and were %v", got, want)
	}
}

func publish(t *testing.T, public map[string]any) *jose.KeySet {
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

// read reads a file of JSON.
func read(t *testing.T, file string, to any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, to); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
