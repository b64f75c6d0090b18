package files_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"

	"github.com/postern/postern/cmd/postern-dev/authority"
	"github.com/postern/postern/cmd/postern-dev/files"
)

func read(t *testing.T, parts ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestSwap(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	for _, version := range []string{"1", "2", "3"} {
		if err := files.Swap(folder, map[string][]byte{"x": []byte("x" + version), "y": []byte("y" + version)}); err != nil {
			t.Fatal(err)
		}
		if x, y := read(t, folder, "x"), read(t, folder, "y"); x != "x"+version || y != "y"+version {
			t.Errorf("version %s holds %s and %s", version, x, y)
		}
	}
	if info, err := os.Stat(filepath.Join(folder, "x")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 4 { // x, y, ..data and one version
		t.Errorf("%v, %v", entries, err)
	}
}

// TestSwapIsAtomic reads through ..data, as a watcher does after the rename, while it is swapped.
func TestSwapIsAtomic(t *testing.T) {
	folder := t.TempDir()
	swap := func(i int) {
		content := []byte(fmt.Sprint(i))
		if err := files.Swap(folder, map[string][]byte{"x": content, "y": content}); err != nil {
			t.Error(err)
		}
	}
	swap(0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 200 {
			swap(i)
		}
	}()
	for reads := 0; ; reads++ {
		version, err := filepath.EvalSymlinks(filepath.Join(folder, "..data"))
		if err != nil {
			continue // it was replaced between the two steps of EvalSymlinks
		}
		x, err1 := os.ReadFile(filepath.Join(version, "x"))
		y, err2 := os.ReadFile(filepath.Join(version, "y"))
		if err1 == nil && err2 == nil && string(x) != string(y) {
			t.Fatalf("read %d: %s beside %s", reads, x, y)
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

func TestSwapReplacesPlainFiles(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "x"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := files.Swap(folder, map[string][]byte{"x": []byte("new")}); err != nil {
		t.Fatal(err)
	}
	if got := read(t, folder, "x"); got != "new" {
		t.Errorf("holds %q", got)
	}
	if err := files.Swap(filepath.Join(folder, "x"), map[string][]byte{"x": nil}); err == nil {
		t.Error("swapped into a file")
	}
	if err := files.Swap(t.TempDir(), map[string][]byte{"no/such/place": nil}); err == nil {
		t.Error("wrote elsewhere")
	}
}

func newAuthority(t *testing.T) *authority.Authority {
	t.Helper()
	var c authority.Config
	for _, domain := range []string{"shop.test", "partner.test"} {
		c.Domains = append(c.Domains, spiffeid.RequireTrustDomainFromString(domain))
	}
	for _, s := range []string{"spiffe://shop.test/ns/shop/sa/web", "spiffe://partner.test/app"} {
		w, err := authority.ParseWorkload(s)
		if err != nil {
			t.Fatal(err)
		}
		c.Workloads = append(c.Workloads, w)
	}
	c.TTL = time.Hour
	a, err := authority.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestKeeperFollowsRotation(t *testing.T) {
	folder, a := t.TempDir(), newAuthority(t)
	keeper, err := files.NewKeeper(folder, a)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- keeper.Run(ctx) }()

	before := read(t, folder, "web", "svid.pem")
	partner := read(t, folder, "app", "svid.pem")
	if err := a.RotateCA(spiffeid.RequireTrustDomainFromString("shop.test"), 0, time.Hour); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); read(t, folder, "web", "svid.pem") == before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("svid.pem was not replaced")
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if read(t, folder, "app", "svid.pem") != partner {
		t.Error("a workload of another domain got another SVID")
	}
	if n := strings.Count(read(t, folder, "app", "shop.test.pem"), "BEGIN"); n != 2 {
		t.Errorf("the partner knows %d roots of shop.test", n)
	}
	verify(t, folder)
}

// verify holds that what is in the folder works, as a reader of files would use it.
func verify(t *testing.T, folder string) {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "web", "svid.pem"), filepath.Join(folder, "web", "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := spiffebundle.Load(spiffeid.RequireTrustDomainFromString("shop.test"), filepath.Join(folder, files.Bundles, "shop.test.json"))
	if err != nil {
		t.Fatal(err)
	}
	if id, _, err := x509svid.ParseAndVerify(pair.Certificate, bundle); err != nil || id.Path() != "/ns/shop/sa/web" {
		t.Errorf("%v, %v", id, err)
	}
	if read(t, folder, "web", "bundle.pem") != read(t, folder, files.Bundles, "shop.test.pem") {
		t.Error("two bundles of one domain differ")
	}
}

// TestTheMapOfBundles holds that bundles.json has every trust domain and X.509 authorities alone:
// Envoy refuses the map for any other key.
func TestTheMapOfBundles(t *testing.T) {
	folder := t.TempDir()
	if _, err := files.NewKeeper(folder, newAuthority(t)); err != nil {
		t.Fatal(err)
	}
	var document struct {
		Domains map[string]json.RawMessage `json:"trust_domains"`
	}
	if err := json.Unmarshal([]byte(read(t, folder, "web", "bundles.json")), &document); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"shop.test", "partner.test"} {
		bundle, err := spiffebundle.Parse(spiffeid.RequireTrustDomainFromString(name), document.Domains[name])
		if err != nil {
			t.Fatal(err)
		}
		if len(bundle.X509Authorities()) != 1 || len(bundle.JWTAuthorities()) != 0 {
			t.Errorf("%s: %d and %d authorities", name, len(bundle.X509Authorities()), len(bundle.JWTAuthorities()))
		}
	}
}

func TestKeeperWritesOnlyWhatChanged(t *testing.T) {
	folder, a := t.TempDir(), newAuthority(t)
	if _, err := files.NewKeeper(folder, a); err != nil {
		t.Fatal(err)
	}
	version := func(name string) string {
		target, err := os.Readlink(filepath.Join(folder, name, "..data"))
		if err != nil {
			t.Fatal(err)
		}
		return target
	}
	bundles := version(files.Bundles)
	keeper, err := files.NewKeeper(folder, a)
	if err != nil {
		t.Fatal(err)
	}
	if version(files.Bundles) == bundles {
		t.Fatal("a new keeper must not trust what it finds")
	}
	bundles = version(files.Bundles)
	if err := a.RotateSVIDs(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := keeper.Run(ctx); err != nil { // writes once before it looks at ctx
		t.Fatal(err)
	}
	if version(files.Bundles) != bundles {
		t.Error("the bundles were written although they are the same")
	}
}

func ExampleSwap() {
	folder, err := os.MkdirTemp("", "swap")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	if err := files.Swap(folder, map[string][]byte{"svid.pem": []byte("certificate"), "key.pem": []byte("key")}); err != nil {
		fmt.Println(err)
	}
	target, err := os.Readlink(filepath.Join(folder, "svid.pem"))
	fmt.Println(target, err)
	// Output: ..data/svid.pem <nil>
}
