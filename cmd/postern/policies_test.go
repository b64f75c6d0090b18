package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/policy/directory"
)

// newTestSidecar returns one that knows neither whom it protects nor any policy.
func newTestSidecar(t *testing.T, files map[string]string) *sidecar {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := serveOptions{listen: "unix:///nowhere", listenMode: "0660", admin: "off", status: "off", sds: "off", policies: dir,
		workloadAPI: "unix:///nowhere", maxBundleAge: 1, callers: "verified", record: "off", logLevel: "info", drain: 1}
	settings, err := o.parse()
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSidecar(settings, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// servicePolicy returns one with a single route.
func servicePolicy(name, workload, path string) string {
	return fmt.Sprintf("apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: %s, namespace: shop}\nspec:\n  workloads: [spiffe://shop.test/%s]\n"+
		"  routes: [{name: %[1]s, http: {methods: [GET], path: \"%[3]s\"}, allow: [{callers: [anyone]}]}]\n", name, workload, path)
}

// TestAnotherWorkloadHasItsPolicies though those of the first could not be compiled.
func TestAnotherWorkloadHasItsPolicies(t *testing.T) {
	s := newTestSidecar(t, map[string]string{
		"a.yaml": servicePolicy("a", "first", "/{x}/q"),
		"b.yaml": servicePolicy("b", "first", "/p/{x}"), // /p/q is of both
		"c.yaml": servicePolicy("c", "second", "/c"),
	})
	content, err := directory.Load(s.flags.policies, "")
	if err != nil {
		t.Fatal(err)
	}
	s.applyPolicy(content)
	s.protect(spiffeid.RequireFromString("spiffe://shop.test/first"))
	if known := s.policy.known.Load(); known.err == nil || known.digest != "" {
		t.Fatalf("a conflict is in force: %+v", known)
	}
	s.protect(spiffeid.RequireFromString("spiffe://shop.test/second"))
	if known := s.policy.known.Load(); known.err != nil || known.digest != content.Digest || known.unprotected {
		t.Errorf("%+v", known)
	}
	if got := s.current.Load().Policy.Policies(); len(got) != 1 || got[0] != "shop/c" {
		t.Errorf("in force are %v", got)
	}
}
