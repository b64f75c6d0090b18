package subject_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern/postern/e2e/bench/subject"
)

// TestOPAIsGivenItsFiles runs something else in its place, which looks at what it was given.
func TestOPAIsGivenItsFiles(t *testing.T) {
	script := filepath.Join(t.TempDir(), "opa")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho \"$@\"; for f; do [ -f \"$f\" ] && cat \"$f\"; done; exit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := subject.OPA(t.Context(), "OPA-Envoy", script, t.TempDir(), "/the/policy")
	if err == nil {
		t.Fatal("a script serves")
	}
	for _, want := range []string{"it ended", "run --server", "/the/policy", "path: postern/allow", "envoy_ext_authz_grpc"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}

// TestOPADecides says that OPA-Envoy grants what Postern does. It is built by "make bench".
func TestOPADecides(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // what is not there is not built here
	binary, err := subject.BuildOPA(ctx, t.Output())
	if err != nil {
		t.Skip("no OPA-Envoy: make bench builds it")
	}
	w := newWorld(t)
	for name, rules := range map[string]int{"least": 3, "larger": 700} {
		policy, err := w.Rego(name, rules)
		if err != nil {
			t.Fatal(err)
		}
		s, err := subject.OPA(t.Context(), "OPA-Envoy, "+name, binary, dir(t), policy)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Kill()
		decides(t, w, s, rules, true)
	}
}
