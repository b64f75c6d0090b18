package e2e_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/postern/postern/e2e/raw"
)

// A row is one line of a corpus: a subject as a Go string, and verdicts.
type row struct {
	subject string
	passes  []bool
}

// corpus reads a file of testdata/canonical.
func corpus(t *testing.T, name string, verdicts int) []row {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "canonical", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []row
	for scan := bufio.NewScanner(f); scan.Scan(); {
		line := strings.TrimSpace(scan.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			t.Fatalf("%s: %q: %v", name, line, err)
		}
		words := strings.Fields(line[len(quoted):])
		if len(words) != verdicts {
			t.Fatalf("%s: %q: want %d verdicts", name, line, verdicts)
		}
		r := row{subject: unquote(t, quoted)}
		for _, w := range words {
			if w != "pass" && w != "stop" {
				t.Fatalf("%s: %q: verdict %q", name, line, w)
			}
			r.passes = append(r.passes, w == "pass")
		}
		rows = append(rows, r)
	}
	return rows
}

func unquote(t *testing.T, quoted string) string {
	t.Helper()
	s, err := strconv.Unquote(quoted)
	if err != nil {
		t.Fatalf("%s: %v", quoted, err)
	}
	return s
}

// An attempt is one hostile request and whether it may reach the upstream.
type attempt struct {
	name    string
	method  string
	target  string
	host    string
	fields  []raw.Field
	overOne bool // may pass over HTTP/1.1
	overTwo bool // may pass over HTTP/2
	either  bool // may pass or not, as long as what passes is what was approved
}

// attempts is the whole corpus for an Envoy that normalises or does not.
func attempts(t *testing.T, normalised bool) []attempt {
	t.Helper()
	column := 0
	if normalised {
		column = 1
	}
	var all []attempt
	for _, r := range corpus(t, "paths.txt", 2) {
		pass := r.passes[column]
		all = append(all, attempt{name: "path", method: "GET", target: r.subject, host: "orders.test", overOne: pass && isASCII(r.subject), overTwo: pass})
	}
	for _, target := range climbs() {
		all = append(all, attempt{name: "climb", method: "GET", target: target, host: "orders.test", either: normalised})
	}
	for _, r := range corpus(t, "hosts.txt", 1) {
		all = append(all, attempt{name: "host", method: "GET", target: "/open/a", host: r.subject, overOne: r.passes[0], overTwo: r.passes[0]})
	}
	for _, r := range corpus(t, "methods.txt", 2) {
		get := r.subject == "GET"
		all = append(all, attempt{name: "method", method: r.subject, target: "/open/a", host: "orders.test", overOne: r.passes[0], overTwo: r.passes[1]},
			attempt{name: "method of a route for GET", method: r.subject, target: "/readonly", host: "orders.test", overOne: get, overTwo: get})
	}
	all = append(all, contentTypes()...)
	return append(all, fieldSets(normalised)...)
}

// climbs are the ways that somebody has written /open/x/../admin/y, and some that nobody has.
// None passes as it was sent. Envoy may make something innocent of one, as it resolves dot segments
// before it merges slashes: "//.." climbs out of nothing.
func climbs() []string {
	separators := []string{"/", "//", "/./", "/;/", ";/", "\\", "%2f", "%2F", "%5c", "%252f", "/%2f", "%u002f", "%c0%af"}
	ups := []string{"..", ".%2e", "%2e.", "%2E%2e", "%252e%252e", "..;", "..;a=b", "..%3b", "..%00", "..%20", "..%09", "..%0a", "%c0%ae%c0%ae", ".\\.", "..#", "..?"}
	var all []string
	for _, s := range separators {
		for _, up := range ups {
			if s+up == "/..%20" || s+up == "/..?" {
				continue // a segment of its own that nobody climbs by, and the end of a path
			}
			all = append(all, "/open/x"+s+up+s+"admin/y")
		}
	}
	return all
}

// contentTypes are the requests that are, and are not, calls of a gRPC method that anyone may call.
func contentTypes() []attempt {
	var all []attempt
	call := func(name, method, target string, pass bool, types ...string) {
		a := attempt{name: "gRPC " + name, method: method, target: target, host: "orders.test", overTwo: pass}
		for _, t := range types {
			a.fields = append(a.fields, raw.Field{Name: "content-type", Value: t})
		}
		all = append(all, a)
	}
	const get = "/shop.v1.Orders/Get"
	for _, t := range []string{"application/grpc", "application/grpc+proto", "application/grpc+json"} {
		call("type", "POST", get, true, t)
	}
	for _, t := range []string{"", "application/grpc-web", "application/grpc-web+proto", "application/grpcx", "application/grp",
		"application/grpc+", "application/grpc;charset=utf-8", "application/grpc+proto; x", "application/grpc, application/json",
		"application/json", "application/json, application/grpc", "text/plain", "*/*", "application/proto", "application/connect+proto"} {
		call("type", "POST", get, false, t)
	}
	call("no type", "POST", get, false)
	call("two types", "POST", get, false, "application/grpc", "application/grpc")
	call("two types", "POST", get, false, "application/grpc", "text/plain")
	for _, m := range []string{"GET", "HEAD", "PUT", "OPTIONS", "post", "Post", "FOO"} {
		call("method", m, get, false, "application/grpc")
	}
	for _, target := range []string{"/shop.v1.Orders/Delete", "/shop.v1.Orders/get", "/shop.v1.Orders/Get/", "/shop.v1.Orders/Get/x",
		"/shop.v1.Orders/", "/shop.v1.Orders", "/shop.v1.orders/Get", "/shop.v1.OrdersX/Get", "/Orders/Get", "/shop/v1/Orders/Get",
		"/shop.v1.Orders/Get%00", "/shop.v1.Orders%2FGet", "/x/shop.v1.Orders/Get"} {
		call("path", "POST", target, false, "application/grpc")
	}
	return all
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

func (a attempt) String() string {
	return fmt.Sprintf("%s: %q %q host %q %q", a.name, a.method, clip(a.target), clip(a.host), a.fields)
}

func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}
