package keycloak

import (
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/e2e/cache"
	"github.com/postern/postern/e2e/idp"
	"github.com/postern/postern/e2e/process"
)

// Realm is the name of the realm that is there from the start.
const Realm = "mesh"

//go:embed realm.json
var realm string

// admin is the name and the password of the administrator, who lives as long as the test.
const admin = "admin"

// A Setup says what to run.
type Setup struct {
	Authority *idp.Authority
	ClientCA  string // PEM of those whose certificates clients may present; its name ends in .pem
	Logout    string // where back-channel logout tokens are sent: a URL
}

// A Keycloak is a running one that belongs to a test.
type Keycloak struct {
	*process.Process
	idp.Server // of Realm
	base       string
	setup      Setup
	http       *http.Client // of the administrator
	t          testing.TB

	mu    sync.Mutex
	token string // of the administrator
	fresh time.Time
}

// Start runs Keycloak until the test ends, and returns when it is ready. Where there is none the
// test is skipped, and fails with CI=true.
func Start(t testing.TB, s Setup) *Keycloak {
	t.Helper()
	java, err := runtime()
	if err != nil {
		cache.Lack(t, err)
	}
	dir, ok, err := cache.Installed(folder)
	if err != nil || !ok {
		cache.Lack(t, ErrNotFound)
	}
	port := idp.FreePort(t)
	k := &Keycloak{base: fmt.Sprintf("https://127.0.0.1:%d", port), setup: s, t: t}
	k.http = &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: s.Authority.TLS(nil)}}
	run, err := home(t.TempDir(), dir, RealmJSON(Realm, s.Logout))
	if err != nil {
		t.Fatal(err)
	}
	k.Process, err = process.Start(process.Spec{
		Name: "keycloak", Path: java, Args: arguments(dir, run, true, []string{
			fmt.Sprintf("--https-port=%d", port), fmt.Sprintf("--http-port=%d", idp.FreePort(t)),
			"--http-host=127.0.0.1", "--hostname-strict=false",
			"--https-certificate-file=" + s.Authority.CertFile, "--https-certificate-key-file=" + s.Authority.KeyFile,
			"--https-trust-store-file=" + s.ClientCA, "--import-realm",
		}),
		Env: append(os.Environ(), "KC_BOOTSTRAP_ADMIN_USERNAME="+admin, "KC_BOOTSTRAP_ADMIN_PASSWORD="+admin),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.close)
	k.Server = idp.Await(t, k.Process, s.Authority, k.base+"/realms/"+Realm, 5*time.Minute)
	return k
}

func (k *Keycloak) close() {
	k.http.CloseIdleConnections()
	k.Kill()
	if k.t.Failed() {
		k.t.Logf("keycloak said:\n%s", k.Log())
	}
}

// RealmJSON returns the realm of the tests under a name.
func RealmJSON(name, logout string) string {
	return strings.NewReplacer("@REALM@", name, "@LOGOUT@", logout).Replace(realm)
}

// home makes the home of one run in dir: all of the installation by links, and a realm to import.
func home(dir, installation, realm string) (string, error) {
	for _, name := range []string{"bin", "conf", "lib", "providers", "themes", "version.txt"} {
		if err := os.Symlink(filepath.Join(installation, name), filepath.Join(dir, name)); err != nil {
			return "", err
		}
	}
	imports := filepath.Join(dir, "data", "import")
	if err := os.MkdirAll(imports, 0o700); err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(imports, "realm.json"), []byte(realm), 0o600)
}

// arguments returns what java is given to run the Keycloak that is installed in a folder, at a
// home, in the mode for developers. The options here are those for which it is built; more are
// for the run. With isBuilt it takes what it finds there for built.
func arguments(installation, home string, isBuilt bool, more []string) []string {
	args := []string{
		"-Xms128m", "-Xmx640m", "-XX:TieredStopAtLevel=1", "-XX:MaxMetaspaceSize=256m", "-XX:+ExitOnOutOfMemoryError",
		"-Dfile.encoding=UTF-8", "-Duser.language=en", "-Duser.country=US", "-Djava.security.egd=file:/dev/urandom",
		"--add-opens=java.base/java.util=ALL-UNNAMED", "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
		"--add-opens=java.base/java.security=ALL-UNNAMED",
		"-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
		"-Djava.util.logging.manager=org.jboss.logmanager.LogManager", "-Dpicocli.disable.closures=true",
		"-Dkc.home.dir=" + home, "-Djboss.server.config.dir=" + filepath.Join(home, "conf"),
	}
	if isBuilt {
		args = append(args, "-Dkc.config.built=true")
	}
	args = append(args, "-cp", filepath.Join(installation, "lib", "quarkus-run.jar"),
		"io.quarkus.bootstrap.runner.QuarkusEntryPoint", "start-dev",
		"--db=dev-mem", "--cache=local", "--https-client-auth=request")
	return append(args, more...)
}
