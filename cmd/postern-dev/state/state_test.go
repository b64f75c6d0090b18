package state_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/postern/postern/cmd/postern-dev/state"
	"github.com/postern/postern/identity/mint"
)

func open(t *testing.T, path string) state.Dir {
	t.Helper()
	d, err := state.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestARestartKeepsEverything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	var serials, kids []string
	for range 2 {
		d := open(t, path)
		ca, err := d.CA("shop.test", "shop.test")
		if err != nil {
			t.Fatal(err)
		}
		key, err := d.Key("idp", "RS256")
		if err != nil {
			t.Fatal(err)
		}
		if key.ID() == "" || key.Algorithm() != "RS256" {
			t.Fatalf("key %q for %s", key.ID(), key.Algorithm())
		}
		serials, kids = append(serials, ca.Certificate().SerialNumber.String()), append(kids, key.ID())
	}
	if serials[0] != serials[1] || kids[0] != kids[1] {
		t.Errorf("changed: %v, %v", serials, kids)
	}
	files, err := os.ReadDir(path)
	if err != nil || len(files) != 2 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		if info, err := file.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file.Name(), info.Mode(), err)
		}
	}
}

func TestNewReplacesWhatIsKept(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "state"))
	old, err1 := d.Key("idp", "ES256")
	rotated, err2 := d.NewKey("idp", "ES256")
	kept, err3 := d.Key("idp", "ES256")
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	if old.ID() == rotated.ID() || kept.ID() != rotated.ID() {
		t.Errorf("%s, then %s, kept %s", old.ID(), rotated.ID(), kept.ID())
	}
}

func TestWithoutAFolderNothingIsKept(t *testing.T) {
	d := open(t, "")
	a, err1 := d.CA("shop.test", "shop.test")
	b, err2 := d.CA("shop.test", "shop.test")
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if a.Certificate().Equal(b.Certificate()) {
		t.Error("the same CA twice")
	}
}

func TestRefusals(t *testing.T) {
	lax := t.TempDir()
	if err := os.Chmod(lax, 0o750); err != nil {
		t.Fatal(err)
	}
	if _, err := state.Open(lax); err == nil {
		t.Error("opened what others can read")
	}
	if _, err := state.Open(filepath.Join(os.Args[0], "state")); err == nil {
		t.Error("opened a directory below a file")
	}
	path := filepath.Join(t.TempDir(), "state")
	d := open(t, path)
	if _, err := d.NewKey("idp", "none"); err == nil {
		t.Error("made a key for none")
	}
	for name, data := range map[string]string{"idp.es256.pem": "", "jwt.es256.pem": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "shop.test.ca.pem": "rubbish"} {
		if err := os.WriteFile(filepath.Join(path, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Key("idp", "ES256"); err == nil {
		t.Error("an empty file is a key")
	}
	if _, err := d.Key("jwt", "ES256"); err == nil {
		t.Error("rubbish is a key")
	}
	if _, err := d.CA("shop.test", "shop.test"); err == nil {
		t.Error("rubbish is a CA")
	}
	if _, err := d.NewCA("old", "old.test", mint.Lifetime(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.CA("old", "old.test"); err == nil {
		t.Error("an expired CA serves")
	}
}

func ExampleOpen() {
	d, err := state.Open("") // nothing is kept
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := d.Key("idp", "ES256")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(key.Algorithm(), len(key.ID()))
	// Output: ES256 16
}
