package rundir_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/postern/postern/cmd/postern-dev/rundir"
)

func open(t *testing.T, path string) *rundir.Dir {
	t.Helper()
	d, err := rundir.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() }) // a second close fails, and that is fine
	return d
}

func TestAnnounceAndFind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dev")
	d := open(t, path)
	if _, err := rundir.Find(path); err == nil || !strings.Contains(err.Error(), "no postern-dev runs") {
		t.Errorf("found before it was ready: %v", err)
	}
	want := rundir.Ready{
		Issuer: "https://idp.shop.test/", URL: "https://127.0.0.1:1", CAFile: d.Path("idp-ca.pem"), WorkloadAPI: "unix://x",
		Bundles:   map[string]string{"shop.test": "y"},
		Workloads: []rundir.Workload{{Name: "web", ID: "spiffe://shop.test/web", WorkloadAPI: "unix://z", Dir: "d"}},
	}
	line, err := d.Announce(want)
	if err != nil || strings.Count(string(line), "\n") != 1 {
		t.Fatalf("%s, %v", line, err)
	}
	if got, err := rundir.Find(path); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := rundir.Find(path); err == nil {
		t.Error("found after it ended")
	}
}

func TestOneProcessAFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dev")
	d := open(t, path)
	if _, err := rundir.Open(path); err == nil || !strings.Contains(err.Error(), "another postern-dev") {
		t.Errorf("a second one: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

func TestWhatAKilledOneLeftIsNotFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dev")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, "ready.json"), []byte(`{"issuer":"x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, path)
	if ready, err := rundir.Find(path); err == nil {
		t.Errorf("found %+v", ready)
	}
}

func TestRefusals(t *testing.T) {
	folder := t.TempDir()
	lax, file, link := filepath.Join(folder, "lax"), filepath.Join(folder, "file"), filepath.Join(folder, "link")
	mine := filepath.Join(folder, "mine")
	for _, err := range []error{
		os.Mkdir(lax, 0o700), os.Chmod(lax, 0o755), os.WriteFile(file, nil, 0o600), os.Mkdir(mine, 0o700), os.Symlink(mine, link),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{lax, file, link, filepath.Join(file, "below")} {
		if d, err := rundir.Open(path); err == nil {
			t.Errorf("%s: opened %v", path, d.Path(""))
		}
	}
	locked := filepath.Join(mine, ".lock")
	if err := os.Symlink(file, locked); err != nil {
		t.Fatal(err)
	}
	if _, err := rundir.Open(mine); err == nil {
		t.Error("followed a link for its lock")
	}
}

func TestFindRefusesRubbish(t *testing.T) {
	for _, content := range []string{"", "{", `{"issuer":1}`, `{"unknown":"x"}`} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "ready.json"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if ready, err := rundir.Find(folder); err == nil {
			t.Errorf("%q: %+v", content, ready)
		}
	}
}

func TestDefault(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/7")
	if got := rundir.Default(); got != "/run/user/7/postern-dev" {
		t.Error(got)
	}
	t.Setenv("XDG_RUNTIME_DIR", "")
	if got := rundir.Default(); !strings.HasSuffix(got, fmt.Sprintf("postern-dev-%d", os.Getuid())) {
		t.Error(got)
	}
}

func ExampleFind() {
	_, err := rundir.Find("/nowhere")
	fmt.Println(err)
	// Output: rundir: no postern-dev runs in /nowhere; start one with: postern-dev serve --dir /nowhere
}
