//go:build e2e_image

package image

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// archive is what make image writes, seen from the root of the module.
const archive = "dist/postern-image.tar"

// A container is a working container of the image, in a store of its own.
type container struct {
	t     *testing.T
	store string
	name  string
}

// build runs make image, once for all tests, and returns what it printed.
var build = sync.OnceValues(func() (string, error) {
	cmd := exec.Command("make", "--no-print-directory", "image", "VERSION=v0.0.0-test")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.CombinedOutput()
	return string(out), err
})

// start makes a container. Where that is impossible the test is skipped, and fails in CI.
func start(t *testing.T) *container {
	t.Helper()
	if lack := lacks(); lack != "" {
		if os.Getenv("CI") == "true" {
			t.Fatal(lack)
		}
		t.Skip(lack)
	}
	if out, err := build(); err != nil {
		t.Fatalf("make image: %v\n%s", err, out)
	}
	c := &container{t: t, store: t.TempDir()}
	c.name = strings.TrimSpace(c.buildah("from", "oci-archive:"+filepath.Join("..", "..", archive)))
	t.Cleanup(func() { c.buildah("rm", "--all") })
	return c
}

func lacks() string {
	if os.Getuid() != 0 {
		return "only root can run an image as the user that it names"
	}
	if _, err := exec.LookPath("buildah"); err != nil {
		return "no buildah here (Debian: apt-get install buildah)"
	}
	return ""
}

// command is a buildah command on the container's store.
func (c *container) command(args ...string) *exec.Cmd {
	cmd := exec.Command("buildah", append([]string{args[0], "--root", c.store + "/root", "--runroot", c.store + "/run"}, args[1:]...)...)
	cmd.Env = append(cmd.Environ(), "BUILDAH_ISOLATION=chroot", "STORAGE_DRIVER=vfs")
	return cmd
}

func (c *container) buildah(args ...string) string {
	c.t.Helper()
	out, err := c.command(args...).Output()
	if err != nil {
		c.t.Fatalf("buildah %s: %v: %s", args[0], err, stderr(err))
	}
	return string(out)
}

func stderr(err error) string {
	if failed, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Output wraps nothing
		return string(failed.Stderr)
	}
	return ""
}

func TestTheSameSourceGivesTheSameImage(t *testing.T) {
	start(t)
	first, _ := build()
	cmd := exec.Command("make", "--no-print-directory", "image", "VERSION=v0.0.0-test")
	cmd.Dir = filepath.Join("..", "..")
	second, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	digest := func(out string) string {
		_, rest, _ := strings.Cut(out, "sha256:")
		return strings.Fields(rest + " none")[0]
	}
	if a, b := digest(first), digest(string(second)); a != b || len(a) != 64 {
		t.Errorf("two builds: %s and %s", a, b)
	}
}

func TestTheImageSaysHowItRuns(t *testing.T) {
	c := start(t)
	var seen struct {
		OCIv1 struct {
			Config struct {
				User            string
				Entrypoint, Cmd []string
				Labels          map[string]string
				ExposedPorts    map[string]any
				Volumes         map[string]any
			} `json:"config"`
		}
	}
	if err := json.Unmarshal([]byte(c.buildah("inspect", c.name)), &seen); err != nil {
		t.Fatal(err)
	}
	config := seen.OCIv1.Config
	if config.User != "65532:65532" || !slices.Equal(config.Entrypoint, []string{"/postern"}) || !slices.Equal(config.Cmd, []string{"serve"}) {
		t.Errorf("user %q, entrypoint %q, command %q", config.User, config.Entrypoint, config.Cmd)
	}
	for label, want := range map[string]string{"title": "postern", "licenses": "Apache-2.0", "version": "v0.0.0-test"} {
		if got := config.Labels["org.opencontainers.image."+label]; got != want {
			t.Errorf("the label %s is %q", label, got)
		}
	}
	if len(config.ExposedPorts)+len(config.Volumes) > 0 {
		t.Errorf("ports %v and volumes %v", config.ExposedPorts, config.Volumes)
	}
}

// TestTheImageHoldsNothingElse lists every file: no shell, no tool, no source.
func TestTheImageHoldsNothingElse(t *testing.T) {
	c := start(t)
	root := strings.TrimSpace(c.buildah("mount", c.name))
	var files []string
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && !entry.IsDir() {
			files = append(files, info.Mode().String()+" "+strings.TrimPrefix(path, root))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"-rw-r--r-- /etc/ssl/certs/ca-certificates.crt", "-rwxr-xr-x /postern"}
	if !slices.Equal(files, want) {
		t.Errorf("the image holds %q", files)
	}
}
