package envoy

import (
	"context"
	"os"
	"testing"
)

// A Running is an Envoy that belongs to a test: what fails, fails the test.
type Running struct {
	*Envoy
	t testing.TB
}

// Require returns the path of Envoy. Without one the test is skipped with the reason, and
// fails where CI=true.
func Require(t testing.TB) string {
	t.Helper()
	path, err := Binary()
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	t.Skip(err)
	return ""
}

// Start runs Envoy with config until the test ends. The test fails when Envoy cannot start or
// does not live to the end, and prints Envoy's log when it fails.
func Start(t testing.TB, config string, o Options) *Running {
	t.Helper()
	Require(t)
	e, err := Run(t.Context(), config, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if e.Ended() {
			t.Errorf("envoy did not live to the end of the test: %v", e.Err())
		}
		e.Close()
		if t.Failed() {
			t.Logf("envoy said:\n%s", e.Log())
		}
	})
	return &Running{e, t}
}

// Addr returns where the listener of that name is bound.
func (r *Running) Addr(listener string) string {
	r.t.Helper()
	bound, err := r.Listeners(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	if bound[listener] == "" {
		r.t.Fatalf("envoy has no listener %q, only %v", listener, bound)
	}
	return bound[listener]
}

// Stat returns one counter or gauge, 0 when Envoy has not made it yet.
func (r *Running) Stat(name string) int64 {
	r.t.Helper()
	n, err := r.Envoy.Stat(context.Background(), name)
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

// RequireValid fails the test when Envoy refuses config.
func RequireValid(t testing.TB, config string) {
	t.Helper()
	Require(t)
	if err := Validate(t.Context(), config); err != nil {
		t.Fatal(err)
	}
}
