package world_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/protobuf/proto"

	"github.com/postern/postern/e2e/bench/world"
)

func newWorld(t *testing.T) *world.World {
	t.Helper()
	w, err := world.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestPoliciesLoad says that the policies are as large as they are said to be, and whole.
func TestPoliciesLoad(t *testing.T) {
	w := newWorld(t)
	for name, size := range map[string]world.Size{
		"least": {}, "few": {Rules: 10}, "pages": {Rules: 1203}, "providers": {Rules: 5, Providers: 7},
	} {
		dir, err := w.Policies(name, size)
		if err != nil {
			t.Fatal(err)
		}
		text := all(t, dir)
		if got, want := strings.Count(text, "- name: "), max(3, size.Rules); got != want {
			t.Errorf("%s: %d rules, want %d", name, got, want)
		}
		if got, want := strings.Count(text, "kind: IdentityProvider"), max(1, size.Providers); got != want {
			t.Errorf("%s: %d providers, want %d", name, got, want)
		}
		if n := strings.Count(text, "name: idp}"); n != 1 {
			t.Errorf("%s: %d providers that issue tokens", name, n)
		}
	}
	if _, err := w.Policies("few", world.Size{}); err == nil {
		t.Error("policies were written over others")
	}
}

func all(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(text)
	}
	return out.String()
}

func TestTokens(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	for _, alg := range []string{"ES256", "RS256"} {
		for n := range 3 {
			token, err := w.Token(alg, n)
			if err != nil || strings.Count(token, ".") != 2 || seen[token] {
				t.Errorf("%s %d: %q, %v", alg, n, token, err)
			}
			seen[token] = true
		}
	}
	if token, err := w.Token("HS256", 0); err == nil {
		t.Errorf("a token of an algorithm without a key: %s", token)
	}
}

// TestFields says how many header fields a check has, and that the token stays among them.
func TestFields(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		token        string
		fields, want int
	}{
		{"", 0, 25}, {"a.b.c", 0, 26},
		{"", 9, 9}, {"", 12, 12}, {"a.b.c", 12, 12}, {"a.b.c", 10, 10}, {"", 100, 100}, {"a.b.c", 100, 100},
		{"", 5, 5}, {"a.b.c", 5, 5}, {"a.b.c", 9, 9}, {"", 1, 4}, {"a.b.c", 1, 5}, // the pseudo-headers are there at least
	} {
		r := world.Request{Caller: w.Web, Path: world.PathJWT, Token: c.token, Fields: c.fields}
		wire, err := r.Check()
		if err != nil {
			t.Fatal(err)
		}
		var check authv3.CheckRequest
		if err := proto.Unmarshal(wire, &check); err != nil {
			t.Fatal(err)
		}
		headers := check.GetAttributes().GetRequest().GetHttp().GetHeaderMap().GetHeaders()
		tokens := 0
		for _, h := range headers {
			if h.GetKey() == "authorization" && string(h.GetRawValue()) == "Bearer "+c.token {
				tokens++
			}
		}
		if len(headers) != c.want || (tokens == 1) != (c.token != "") {
			t.Errorf("%+v: %d fields, %d of them the token", c, len(headers), tokens)
		}
		if lines := strings.Count(string(r.HTTP()), "\r\n"); lines != c.want+len(r.Hidden())-9+3 { // the request line, host, and the empty one
			t.Errorf("%+v: %d lines of HTTP", c, lines)
		}
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "world")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	w, err := world.New(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	line, _, _ := strings.Cut(string(world.Request{Caller: w.Web, Path: world.PathMTLS}.HTTP()), "\r\n")
	fmt.Println(line)
	// Output: GET /mtls/orders/1029 HTTP/1.1
}
