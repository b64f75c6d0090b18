package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
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

// inForce waits for what the watcher brings about.
func inForce(t *testing.T, s *sidecar, what string, is func(*policyState) bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(s.policy.known.Load()); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s: %+v", what, s.policy.known.Load())
		}
	}
}

// begin watches the policies, and waits until they were read.
func begin(t *testing.T, s *sidecar) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.runPolicies(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	if err := s.awaitPolicies(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestAnotherWorkloadHasItsPolicies though those of the first could not be compiled.
func TestAnotherWorkloadHasItsPolicies(t *testing.T) {
	s := newTestSidecar(t, map[string]string{
		"a.yaml": servicePolicy("a", "first", "/{x}/q"),
		"b.yaml": servicePolicy("b", "first", "/p/{x}"), // /p/q is of both
		"c.yaml": servicePolicy("c", "second", "/c"),
	})
	begin(t, s)
	s.protect(spiffeid.RequireFromString("spiffe://shop.test/first"))
	if known := s.policy.known.Load(); known.err == nil || known.digest != "" {
		t.Fatalf("a conflict is in force: %+v", known)
	}
	s.protect(spiffeid.RequireFromString("spiffe://shop.test/second"))
	inForce(t, s, "those of the second", func(p *policyState) bool { return p.err == nil && p.digest != "" && !p.unprotected })
	if got := s.current.Load().Policy.Policies(); len(got) != 1 || got[0] != "shop/c" {
		t.Errorf("in force are %v", got)
	}
}

// TestAMomentDoesNotLast: while we get another SVID the directory holds something else, for less than the
// watcher waits. What is in force then is what the directory holds.
func TestAMomentDoesNotLast(t *testing.T) {
	good := servicePolicy("a", "*", "/a")
	for name, moment := range map[string]string{"another policy": servicePolicy("a", "*", "/b"), "no policy": "x: ["} {
		t.Run(name, func(t *testing.T) {
			s := newTestSidecar(t, map[string]string{"a.yaml": good})
			put := func(text string) {
				whole := filepath.Join(s.flags.policies, "whole")
				if err := errors.Join(os.WriteFile(whole, []byte(text), 0o600), os.Rename(whole, filepath.Join(s.flags.policies, "a.yaml"))); err != nil {
					t.Fatal(err)
				}
			}
			begin(t, s)
			s.protect(spiffeid.RequireFromString("spiffe://shop.test/first"))
			want := s.current.Load().Digest
			put(moment)
			s.protect(spiffeid.RequireFromString("spiffe://shop.test/second"))
			put(good)
			inForce(t, s, "the policy of the directory, for the second", func(p *policyState) bool {
				now := s.current.Load()
				return p.err == nil && p.digest == want && now.Digest == want && now.Policy.Workload() == "spiffe://shop.test/second"
			})
		})
	}
}
