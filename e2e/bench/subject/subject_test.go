package subject_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/bench/load"
	"github.com/postern/postern/e2e/bench/subject"
	"github.com/postern/postern/e2e/bench/world"
	"github.com/postern/postern/e2e/build"
)

// dir returns a folder whose name is short enough for a socket.
func dir(t *testing.T) string {
	t.Helper()
	d, err := os.MkdirTemp("", "bench")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(d) })
	return d
}

// ask fails the test unless the server on a socket answers 200 checks, all as they should be.
func ask(t *testing.T, socket string, check []byte, allow bool) {
	t.Helper()
	c, err := load.Dial(socket, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := load.Closed(t.Context(), load.Limit{Time: time.Minute, Count: 200}, c.Loops(8, func(int) []byte { return check }, allow))
	if err != nil || r.Answers != 200 {
		t.Errorf("%+v, %v", r, err)
	}
}

func newWorld(t *testing.T) *world.World {
	t.Helper()
	w, err := world.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestServersThatEnd says so of one that does not listen, whatever its exit code.
func TestServersThatEnd(t *testing.T) {
	for binary, want := range map[string]string{"true": "exit code 0", "false": "exit status 1"} {
		path, err := exec.LookPath(binary)
		if err != nil {
			t.Fatal(err)
		}
		_, err = subject.Postern(t.Context(), "Postern", path, dir(t), "spiffe://shop.test/orders", "", "", "off")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one that says %q", binary, err, want)
		}
	}
}

func TestServersThatAllowEverything(t *testing.T) {
	w := newWorld(t)
	check, err := world.Request{Caller: w.Other, Path: "/any"}.Check()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []subject.Kind{subject.Plain, subject.Floor, subject.Least} {
		socket := filepath.Join(dir(t), "s")
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- subject.Serve(ctx, kind, socket) }()
		ask(t, waitFor(t, socket, served), check, true)
		cancel()
		if err := <-served; err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if err := subject.Serve(t.Context(), "strange", filepath.Join(dir(t), "s")); err == nil || !strings.Contains(err.Error(), "strange") {
		t.Error(err)
	}
	if err := subject.Serve(t.Context(), subject.Plain, filepath.Join(t.TempDir(), "none", "s")); err == nil {
		t.Error("it served on no socket")
	}
}

// waitFor returns the socket when it is there.
func waitFor(t *testing.T, socket string, ended <-chan error) string {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(socket); err == nil {
			return socket
		}
		select {
		case err := <-ended:
			t.Fatal(err)
		default:
		}
	}
	t.Fatal("no socket")
	return ""
}

// TestPosternDecides says that what the benchmark measures are decisions, and the right ones,
// whatever the size of the policy.
func TestPosternDecides(t *testing.T) {
	binary, err := build.Command("postern")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	for name, size := range map[string]world.Size{"least": {}, "larger": {Rules: 700, Providers: 5}} {
		policies, err := w.Policies(name, size)
		if err != nil {
			t.Fatal(err)
		}
		s, err := subject.Postern(t.Context(), name, binary, dir(t), world.Orders, world.Domain+"="+w.Bundle, policies, "off")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Kill()
		if s.Idle < 1<<20 {
			t.Errorf("%s: %d bytes when idle", name, s.Idle)
		}
		decides(t, w, s, size.Rules, false)
	}
}

// decides fails the test unless s grants what so many rules of w do, and nothing else.
func decides(t *testing.T, w *world.World, s *subject.Subject, rules int, joined bool) {
	t.Helper()
	of := func(w *world.World, alg string, edits ...func(map[string]any)) string {
		text, err := w.Token(alg, 1, edits...)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	token := func(alg string, edits ...func(map[string]any)) string { return of(w, alg, edits...) }
	with := func(claim string, value any) func(map[string]any) { return func(c map[string]any) { c[claim] = value } }
	for name, c := range map[string]struct {
		request world.Request
		allow   bool
	}{
		"caller":              {world.Request{Caller: w.Web, Path: world.PathMTLS}, true},
		"caller, few fields":  {world.Request{Caller: w.Web, Path: world.PathMTLS, Fields: 5}, true},
		"other caller":        {world.Request{Caller: w.Other, Path: world.PathMTLS}, false},
		"no token":            {world.Request{Caller: w.Web, Path: world.PathJWT}, false},
		"token":               {world.Request{Caller: w.Web, Path: world.PathJWT, Token: token("ES256")}, true},
		"token, few fields":   {world.Request{Caller: w.Web, Path: world.PathJWT, Token: token("ES256"), Fields: 5}, true},
		"token by RSA":        {world.Request{Caller: w.Web, Path: world.PathJWT, Token: token("RS256")}, true},
		"token, other caller": {world.Request{Caller: w.Other, Path: world.PathJWT, Token: token("ES256")}, false},
		"another's key":       {world.Request{Caller: w.Web, Path: world.PathJWT, Token: of(newWorld(t), "ES256")}, false},
		"other issuer":        {world.Request{Caller: w.Web, Path: world.PathJWT, Token: token("ES256", with("iss", "https://else.test"))}, false},
		"other audience":      {world.Request{Caller: w.Web, Path: world.PathJWT, Token: token("ES256", with("aud", "else"))}, false},
		"other scope":         {world.Request{Caller: w.Web, Path: world.PathJWT, Token: token("ES256", with("scope", "orders:readall"))}, false},
		"expired":             {world.Request{Caller: w.Web, Path: world.PathJWT, Token: token("ES256", with("exp", time.Now().Add(-time.Hour).Unix()))}, false},
		"condition":           {world.Request{Caller: w.Web, Path: world.PathWhen, Token: token("ES256")}, true},
		"condition not met":   {world.Request{Caller: w.Web, Path: world.PathWhen, Token: token("ES256", with("customer_id", "c-7"))}, false},
		"another rule":        {world.Request{Caller: w.Web, Path: "/svc0/v1/res0/1", Fields: 50}, rules > 3},
		"another rule's user": {world.Request{Caller: w.Web, Path: "/svc6/v1/res1/1", Token: token("ES256", with("scope", "a res1:read"))}, rules > 3},
		"no route":            {world.Request{Caller: w.Web, Path: "/nowhere"}, false},
	} {
		c.request.Joined = joined
		check, err := c.request.Check()
		if err != nil {
			t.Fatal(err)
		}
		if !t.Run(name, func(t *testing.T) { ask(t, s.Socket, check, c.allow) }) {
			t.Log(s.Log())
		}
	}
}

func TestASubjectThatDoesNotStart(t *testing.T) {
	w := newWorld(t)
	_, err := subject.Postern(t.Context(), "none", "/nonexistent/postern", dir(t), world.Orders, world.Domain+"="+w.Bundle, t.TempDir(), "off")
	if err == nil || !strings.Contains(err.Error(), "/nonexistent/postern") {
		t.Error(err)
	}
	_, err = subject.Postern(t.Context(), "ends", "false", dir(t), world.Orders, world.Domain+"="+w.Bundle, t.TempDir(), "off")
	if err == nil || !strings.Contains(err.Error(), "it ended") {
		t.Error(err)
	}
}

func ExampleArguments() {
	fmt.Println(subject.Arguments(subject.Floor, "/tmp/floor.sock"))
	// Output: [-serve floor -at /tmp/floor.sock]
}
