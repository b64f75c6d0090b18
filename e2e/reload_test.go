package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/e2e/raw"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

const (
	openOrders = `  - {name: order, http: {methods: [GET], path: "/orders/{id}"}, allow: [{callers: ["` + mesh.Web + `"]}]}
`
	closedOrders = `  - {name: order, http: {methods: [GET], path: "/orders/{id}"}, allow: [{callers: ["` + mesh.Batch + `"]}]}
`
)

// edit closes what is open, or opens it again, and says which status follows.
func edit(i int) (routes string, status int) {
	if i%2 == 0 {
		return closedOrders, 403
	}
	return openOrders, 200
}

// TestAnEditCountsWithinASecond under traffic, of which nothing fails.
func TestAnEditCountsWithinASecond(t *testing.T) {
	t.Parallel()
	m := mesh.Start(t, mesh.Setup{Gate: mesh.Gate{}, Policies: map[string]string{"orders.yaml": mesh.Policy(openOrders)}})
	client := m.HTTP1(t, m.As(mesh.Web))
	status := func() int {
		got, err := client.Do(request("GET", "/orders/1"))
		if err != nil {
			t.Fatal(err)
		}
		if got.Status != 200 && got.Status != 403 {
			t.Fatalf("during a reload: %d %s", got.Status, got.Body)
		}
		return got.Status
	}
	if got := status(); got != 200 {
		t.Fatalf("at the start: %d", got)
	}
	pace := mesh.NewPace(t)
	for i := range pace.Tries(3) {
		routes, want := edit(i)
		m.Write(t, "orders.yaml", mesh.Policy(routes))
		within(t, pace, fmt.Sprintf("edit %d counts", i), func() bool { return status() == want })
	}
	digests := map[string]bool{}
	eventually(t, "both policies are in the records", func() bool {
		for _, r := range m.Postern.Records() {
			digests[r.Text("policy_digest")] = true
		}
		return len(digests) >= 2
	})
	if len(digests) != 2 {
		t.Errorf("%d digests for two policies in the records", len(digests))
	}
}

// TestABrokenEditChangesNothing, says where it is broken, and is forgotten once it is mended.
func TestABrokenEditChangesNothing(t *testing.T) {
	t.Parallel()
	good := mesh.Policy(openOrders)
	m := mesh.Start(t, mesh.Setup{Policies: map[string]string{"orders.yaml": good}})
	as := m.As(mesh.Web)
	for name, broken := range map[string]string{
		"no YAML":                "spec: [",
		"cut off":                good[:len(good)-40],
		"a misspelt field":       strings.Replace(good, "callers", "caller", 1),
		"a condition of nothing": strings.Replace(good, "allow: [{", `allow: [{when: nothing, `, 1),
		"the same name twice":    good + openOrders,
		"another version":        strings.Replace(good, "v1alpha1", "v2", 1),
		"an alias bomb":          "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n",
	} {
		t.Run(name, func(t *testing.T) {
			before := strings.Count(m.Postern.Log(), "orders.yaml:")
			m.Write(t, "orders.yaml", broken)
			eventually(t, "Postern says where it is broken", func() bool { return strings.Count(m.Postern.Log(), "orders.yaml:") > before })
			if got := do(t, m, as, request("GET", "/orders/1")); got.Status != 200 {
				t.Errorf("the last good policy: %d %s", got.Status, got.Body)
			}
			if got := do(t, m, as, request("GET", "/nowhere")); got.Status != 403 {
				t.Errorf("nothing was opened: %d", got.Status)
			}
		})
	}
	m.Write(t, "orders.yaml", mesh.Policy(closedOrders))
	eventually(t, "a mended policy counts", func() bool { return do(t, m, as, request("GET", "/orders/1")).Status == 403 })
}

// TestAConfigMapSwapCounts does what a kubelet does to a mounted ConfigMap: a new folder, and one
// rename of the symlink ..data.
func TestAConfigMapSwapCounts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	publish := func(version, routes string) {
		t.Helper()
		folder := filepath.Join(dir, version)
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "orders.yaml"), []byte(mesh.Policy(routes)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(version, filepath.Join(dir, "..data_tmp")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	publish("..v1", openOrders)
	if err := os.Symlink("..data/orders.yaml", filepath.Join(dir, "orders.yaml")); err != nil {
		t.Fatal(err)
	}
	m := mesh.Start(t, mesh.Setup{Postern: postern.Options{Policies: dir}})
	as := m.As(mesh.Web)
	pace := mesh.NewPace(t)
	for i := range pace.Tries(2) {
		routes, want := edit(i)
		publish(fmt.Sprintf("..v%d", i+2), routes)
		within(t, pace, fmt.Sprintf("swap %d counts", i), func() bool { return do(t, m, as, request("GET", "/orders/1")).Status == want })
	}
}

// TestANewTrustBundleCounts replaces the bundle of a trust domain: the old root is out, the new in.
func TestANewTrustBundleCounts(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{Gate: mesh.Gate{Untrusted: true}})
	old, next := m.Shop, m.Stranger
	ask := func(ca *mint.CA) *raw.Response {
		return do(t, m, mesh.With(minttest.SVID(t, ca, mesh.Web)), request("GET", "/orders/1"))
	}
	if ask(old).Status != 200 || ask(next).Status != 403 {
		t.Fatal("before the swap the verdicts are not as they should be")
	}
	fresh, pace := m.File("shop.pem.new"), mesh.NewPace(t)
	for range pace.Tries(2) {
		if err := os.WriteFile(fresh, next.BundlePEM(), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(fresh, m.File("shop.pem")); err != nil {
			t.Fatal(err)
		}
		within(t, pace, "the new root counts", func() bool { return ask(next).Status == 200 })
		wantRefused(t, ask(old), 403, "certificate_untrusted")
		old, next = next, old
	}
}
