package keycloak

import (
	"archive/zip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/e2e/cache"
)

func TestFetchSaysWhatIsMissing(t *testing.T) {
	empty := t.TempDir()
	t.Setenv("PATH", empty)
	t.Setenv("XDG_CACHE_HOME", empty)
	if err := Fetch(t.Context(), os.Stderr); err == nil || !strings.Contains(err.Error(), "apt install openjdk") {
		t.Errorf("error %v", err)
	}
}

func TestCheckRefusesAnotherFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.zip")
	if err := os.WriteFile(file, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2 appendix B.1
	if err := cache.CheckSum(file, abc); err != nil {
		t.Error(err)
	}
	if err := cache.CheckSum(file, sum); err == nil || !strings.Contains(err.Error(), abc) {
		t.Errorf("error %v", err)
	}
	if err := cache.CheckSum(file+".not", abc); err == nil {
		t.Error("a file that is not there is fine")
	}
}

func TestUnpackTakesOneFolder(t *testing.T) {
	archive, dir := filepath.Join(t.TempDir(), "x.zip"), filepath.Join(t.TempDir(), "out")
	f, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for _, name := range []string{inZip + "/version.txt", "elsewhere/version.txt"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := unpack(archive, dir); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "version.txt" {
		t.Errorf("unpacked %v %v", left, err)
	}
}

// TestRealmJSON holds the realm to be JSON under any name, and to define the scopes that Keycloak
// leaves out of a realm that defines some.
func TestRealmJSON(t *testing.T) {
	text := RealmJSON("some", "http://127.0.0.1:1/logout")
	var r struct {
		Realm        string `json:"realm"`
		ClientScopes []struct {
			Name string `json:"name"`
		} `json:"clientScopes"`
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	var scopes []string
	for _, s := range r.ClientScopes {
		scopes = append(scopes, s.Name)
	}
	for _, want := range []string{"basic", "acr", "roles"} {
		if !slices.Contains(scopes, want) {
			t.Errorf("no scope %s in %v", want, scopes)
		}
	}
	if r.Realm != "some" || strings.Contains(text, "@REALM@") || strings.Contains(text, "@LOGOUT@") {
		t.Errorf("the realm is %q, or something is not filled in", r.Realm)
	}
}

func TestHomeIsLinked(t *testing.T) {
	installation, dir := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(installation, "version.txt"), []byte("v"), 0o600); err != nil {
		t.Fatal(err)
	}
	at, err := home(dir, installation, "{}")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"version.txt": "v", "data/import/realm.json": "{}"} {
		if got, err := os.ReadFile(filepath.Join(at, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
	args := arguments(installation, at, true, []string{"--more"})
	for _, want := range []string{"-Dkc.home.dir=" + at, "-Dkc.config.built=true", "--db=dev-mem", "--more"} {
		if !slices.Contains(args, want) {
			t.Errorf("no %s in %v", want, args)
		}
	}
	if slices.Contains(arguments(installation, at, false, nil), "-Dkc.config.built=true") {
		t.Error("a first start takes itself for built")
	}
}
