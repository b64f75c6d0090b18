package keycloak

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/postern/postern/e2e/cache"
)

// Version is the Keycloak that Fetch fetches.
const Version = "26.7.3"

// sum is the SHA-256 of the distribution.
const sum = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"

// inZip is the folder that holds everything in the distribution.
const inZip = "keycloak-" + Version

// folder is new whenever Arguments are built in another way.
const folder = "keycloak-" + Version + "-1"

// ErrNotFound says that Keycloak was not fetched.
var ErrNotFound = errors.New(`no Keycloak found: run "make e2e-idp", which fetches ` + Version)

// Fetch puts the pinned Keycloak into the user's cache folder, built for the tests, and says on
// progress what it does. What is there already is kept.
func Fetch(ctx context.Context, progress io.Writer) error {
	java, err := runtime()
	if err != nil {
		return err
	}
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return errors.New("mvn is needed to fetch Keycloak (Debian: apt install maven)")
	}
	dir, err := cache.Install(folder, func(dir string) error {
		fmt.Fprintf(progress, "keycloak: fetching %s from Maven Central (177 MB)\n", Version)
		archive, err := download(ctx, mvn, dir)
		if err != nil {
			return err
		}
		fmt.Fprintln(progress, "keycloak: unpacking (188 MB)")
		if err := unpack(archive, dir); err != nil {
			return err
		}
		if err := os.RemoveAll(filepath.Dir(archive)); err != nil {
			return err
		}
		fmt.Fprintln(progress, "keycloak: building it for the tests (half a minute)")
		return augment(ctx, java, dir)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(progress, "keycloak: %s is ready\n", dir)
	return nil
}

// runtime returns the path of java.
func runtime() (string, error) {
	path, err := exec.LookPath("java")
	if err != nil {
		return "", errors.New("java is needed to run Keycloak (Debian: apt install openjdk-17-jre-headless)")
	}
	return path, nil
}

// download lets Maven fetch the distribution into a folder of dir, and checks its hash.
func download(ctx context.Context, mvn, dir string) (string, error) {
	into := filepath.Join(dir, "download")
	cmd := exec.CommandContext(ctx, mvn, "-q", "-B", "dependency:copy",
		"-Dartifact=org.keycloak:keycloak-quarkus-dist:"+Version+":zip", "-DoutputDirectory="+into)
	cmd.Dir = dir // where no project is
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("mvn dependency:copy: %w\n%s", err, strings.TrimSpace(string(out)))
	}
	archive := filepath.Join(into, "keycloak-quarkus-dist-"+Version+".zip")
	return archive, cache.CheckSum(archive, sum)
}

// unpack writes what is below inZip into dir.
func unpack(archive, dir string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("%s: %w", archive, err)
	}
	defer z.Close()
	root, err := fs.Sub(z, inZip)
	if err != nil {
		return err
	}
	return os.CopyFS(dir, root)
}

// built is the exit code of a Keycloak that was built anew and wants to be started again.
const built = 10

// augment lets Keycloak build itself for Arguments, and stop then.
func augment(ctx context.Context, java, dir string) error {
	cmd := exec.CommandContext(ctx, java, arguments(dir, dir, false, nil)...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == built {
		return nil
	}
	return fmt.Errorf("keycloak did not build itself: %w\n%s", err, strings.TrimSpace(string(out)))
}
