package directory_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/postern/postern/policy/directory"
)

func TestFiles(t *testing.T) {
	withCA := provider("i", "{discovery: true, ca: {file: ca.pem}}")
	for _, tc := range []struct {
		name             string
		policies, secret tree
		want             string // of the key file, or of the CA
		root             string // that links do not lead out of
	}{
		{"beside the document", tree{"sub/i.yaml": provider("i", "{file: keys.json}"), "sub/keys.json": "{}"}, nil, "DIR/sub/keys.json", "DIR"},
		{"in a folder beside it", tree{"sub/i.yaml": provider("i", "{file: k/keys.json}"), "sub/k/keys.json": "{}"}, nil, "DIR/sub/k/keys.json", "DIR"},
		{"in secrets", tree{"sub/i.yaml": provider("i", "{file: keys.json}")}, tree{"keys.json": "{}"}, "SECRETS/keys.json", "SECRETS"},
		{"a link in secrets", tree{"i.yaml": provider("i", "{file: keys.json}")}, tree{"..1/keys.json": "{}", "..data": "->..1", "keys.json": "->..data/keys.json"}, "SECRETS/keys.json", "SECRETS"},
		{"a certificate authority", tree{"i.yaml": withCA}, tree{"ca.pem": "x"}, "SECRETS/ca.pem", "SECRETS"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir, secrets := newDir(t, tc.policies), newDir(t, tc.secret)
			keys := load(t, dir, secrets).Documents[0].IdentityProvider.JWT.Keys
			got := strings.ReplaceAll(strings.ReplaceAll(keys.File+keys.CAFile, dir, "DIR"), secrets, "SECRETS")
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			if root := strings.ReplaceAll(strings.ReplaceAll(keys.Root, dir, "DIR"), secrets, "SECRETS"); root != tc.root {
				t.Errorf("the root is %s, want %s", root, tc.root)
			}
		})
	}
}

func TestFilesAreAbsolute(t *testing.T) {
	dir := newDir(t, tree{"i.yaml": provider("i", "{file: keys.json}"), "keys.json": "{}"})
	t.Chdir(filepath.Dir(dir))
	if got := load(t, "policies", "").Documents[0].IdentityProvider.JWT.Keys.File; !filepath.IsAbs(got) {
		t.Errorf("%s is not absolute", got)
	}
}

// TestFilesAreOfTheProvider holds that providers of one text with other files differ: their keys
// come from elsewhere.
func TestFilesAreOfTheProvider(t *testing.T) {
	files := tree{"i.yaml": provider("i", "{file: keys.json}"), "keys.json": "{}"}
	one, other := load(t, newDir(t, files), ""), load(t, newDir(t, files), "")
	if one.Digest != other.Digest {
		t.Error("the digest of the documents depends on where they stand")
	}
	if one.Documents[0].IdentityProvider.Digest == other.Documents[0].IdentityProvider.Digest {
		t.Error("the digest of the provider does not depend on where its keys are")
	}
}

func TestFilesRefused(t *testing.T) {
	keys := provider("i", "{file: keys.json}")
	outside := newDir(t, tree{"keys.json": "{}"})
	for _, tc := range []struct {
		name             string
		policies, secret tree
		want             string
	}{
		{"nowhere", tree{"sub/i.yaml": keys}, tree{}, "sub/i.yaml:9:18: there is neither a file DIR/sub/keys.json nor SECRETS/keys.json"},
		{"above the document", tree{"sub/i.yaml": keys, "keys.txt": ""}, tree{}, "sub/i.yaml:9:18: there is neither a file DIR/sub/keys.json nor SECRETS/keys.json"},
		{"in both", tree{"i.yaml": keys, "keys.json": "{}"}, tree{"keys.json": "{}"}, "i.yaml:9:18: there are two files of this name, DIR/keys.json and SECRETS/keys.json: rename one"},
		{"a link out of secrets", tree{"i.yaml": keys}, tree{"keys.json": "->" + outside + "/keys.json"}, "i.yaml:9:18: SECRETS/keys.json: path escapes from parent"},
		{"a link to nothing", tree{"i.yaml": keys}, tree{"keys.json": "->none"}, "i.yaml:9:18: there is neither a file DIR/keys.json nor SECRETS/keys.json"},
		{"a directory", tree{"i.yaml": keys}, tree{"keys.json/x": ""}, "i.yaml:9:18: SECRETS/keys.json is no regular file"},
		{"another json beside it", tree{"i.yaml": keys, "keys.json": "{}", "other.json": "{}"}, tree{}, "other.json: is named by no document: policies are named *.yaml"},
	} {
		t.Run(tc.name, func(t *testing.T) { refused(t, newDir(t, tc.policies), newDir(t, tc.secret), tc.want) })
	}
}

func TestSecretsUnreadable(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	keys := tree{"i.yaml": provider("i", "{file: keys.json}")}
	refused(t, newDir(t, keys), none, "the directory of secrets SECRETS: no such file or directory")
	refused(t, newDir(t, keys), "", "i.yaml:9:18: there is no file DIR/keys.json, and --secrets names no other place")
	load(t, newDir(t, tree{"a.yaml": policy("a", 1)}), none) // nobody needs it
}

func TestSecretsAreThePolicies(t *testing.T) {
	dir := newDir(t, tree{"i.yaml": provider("i", "{file: keys.json}"), "keys.json": "{}"})
	if got := load(t, dir, dir).Documents[0].IdentityProvider.JWT.Keys.File; got != filepath.Join(dir, "keys.json") {
		t.Errorf("got %s", got)
	}
}

func TestKeysAreAPipe(t *testing.T) {
	dir, secrets := newDir(t, tree{"i.yaml": provider("i", "{file: keys.json}")}), newDir(t, nil)
	must(t, syscall.Mkfifo(filepath.Join(secrets, "keys.json"), 0o644))
	refused(t, dir, secrets, "i.yaml:9:18: SECRETS/keys.json is no regular file")
}

// TestLoadOffline has a key set that is only where the policies are served: what fetches it must
// have it, and what fetches nothing need not. Two of a name are a fault to both.
func TestLoadOffline(t *testing.T) {
	keys := tree{"idp.yaml": provider("i", "{file: keys.json}")}
	if _, err := directory.Load(newDir(t, keys), ""); err == nil {
		t.Error("a key set that is nowhere was loaded")
	}
	content, err := directory.LoadOffline(newDir(t, keys), "")
	if err != nil {
		t.Fatal(err)
	}
	if got := content.Documents[0].IdentityProvider.JWT.Keys.File; got != "keys.json" {
		t.Errorf("the file is named %q", got)
	}
	both := newDir(t, tree{"idp.yaml": provider("i", "{file: keys.json}"), "keys.json": "{}"})
	if _, err := directory.LoadOffline(both, newDir(t, tree{"keys.json": "{}"})); err == nil {
		t.Error("two files of one name were loaded")
	}
}
