package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/cmd/postern-dev/rundir"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/directory"
)

// folders returns a mesh of which nothing runs, with its policies in place.
func folders(t *testing.T) *mesh {
	t.Helper()
	dir := t.TempDir()
	authority := filepath.Join(dir, "authority.pem")
	if err := os.WriteFile(authority, []byte("a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := &mesh{dir: dir, where: rundir.Ready{CAFile: authority, URL: "https://127.0.0.1:4711"}}
	if err := m.writePolicies(t.Context()); err != nil {
		t.Fatal(err)
	}
	return m
}

func load(m *mesh) (*directory.Content, error) {
	return directory.Load(m.path("policies"), m.path("secrets"))
}

func TestTheShippedPoliciesProtectBothServices(t *testing.T) {
	content, err := load(folders(t))
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{webID: "shop/web", ordersID: "shop/orders"} {
		set, err := policy.Compile(content.Documents, policy.Options{Workload: id, Now: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		if got := set.Policies(); len(got) != 1 || got[0] != want {
			t.Errorf("%s is protected by %v, want %s", id, got, want)
		}
		if p := set.Providers(); len(p) != 1 || p[0].JWT == nil || p[0].JWT.Keys.URL != "https://127.0.0.1:4711/jwks" {
			t.Errorf("%s: the issuer is not where the demo's is: %+v", id, p)
		}
	}
}

func TestTheEditsDoWhatTheDemoSays(t *testing.T) {
	m := folders(t)
	original := read(t, m)
	if _, err := m.apply(grantBatch()); err != nil {
		t.Fatal(err)
	}
	if _, err := load(m); err != nil {
		t.Errorf("batch cannot be granted: %v", err)
	}
	c, err := m.apply(slip())
	if err != nil {
		t.Fatal(err)
	}
	where := fmt.Sprintf("orders.yaml:%d:%d: ", c.line, c.column)
	if _, err := load(m); err == nil || !strings.Contains(err.Error(), where) {
		t.Errorf("the slip is at %s, and the error says %v", where, err)
	}
	for _, e := range []edit{slip().undo(), grantBatch().undo()} {
		if _, err := m.apply(e); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, m) != original {
		t.Error("taken back, the edits leave something")
	}
	if _, err := m.apply(edit{"orders.yaml", "no such text", "x"}); err == nil {
		t.Error("an edit of what is not there is no error")
	}
}

func read(t *testing.T, m *mesh) string {
	t.Helper()
	text, err := os.ReadFile(m.path("policies", "orders.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
