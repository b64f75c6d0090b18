package e2e_test

import (
	"fmt"
	"strings"

	"github.com/postern/postern/e2e/raw"
)

// fieldSets are requests whose header fields mean something else to some servers, some proxies
// or some versions of the protocol.
func fieldSets(normalised bool) []attempt {
	var all []attempt
	add := func(name, method, target string, one, two bool, fields ...string) {
		a := attempt{name: name, method: method, target: target, host: "orders.test", overOne: one, overTwo: two}
		for _, f := range fields {
			n, v, _ := strings.Cut(f, "=")
			a.fields = append(a.fields, raw.Field{Name: n, Value: v})
		}
		all = append(all, a)
	}
	get := func(name string, one, two bool, fields ...string) { add(name, "GET", "/open/a", one, two, fields...) }

	// Headers that some frameworks take for the method or the path. The decision is about neither,
	// and the upstream gets the request as it was decided.
	for _, n := range []string{"x-http-method-override", "x-http-method", "x-method-override"} {
		add("override", "GET", "/readonly", true, true, n+"=DELETE")
		add("override", "POST", "/readonly", false, false, n+"=GET")
	}
	for _, n := range []string{"x-original-url", "x-rewrite-url", "x-envoy-original-path", "x-original-uri", "x-forwarded-uri", "x-forwarded-path"} {
		get("another path", true, true, n+"=/open/admin")
		add("another path", "GET", "/open/admin", false, false, n+"=/open/a")
	}
	get("another host", true, true, "x-forwarded-host=evil.test")
	get("another scheme", true, true, "x-forwarded-proto=https")
	get("another source", true, true, "x-forwarded-for=127.0.0.1", "forwarded=for=127.0.0.1")

	// Who Postern says that it is, said by the client.
	get("forged identity", true, true, "x-postern-caller=spiffe://shop.test/admin", "x-postern-user=root", "x-postern-scopes=all")
	get("forged identity, underscores", false, false, "x_postern_caller=spiffe://shop.test/admin")
	get("forged identity, dots", false, false, "x.postern.caller=spiffe://shop.test/admin")
	get("forged XFCC", true, true, "x-forwarded-client-cert=By=x;Hash=00;URI=spiffe://shop.test/admin")
	get("forged request id", true, true, "x-request-id=../../etc/passwd")
	get("forged verdict", true, true, "x-envoy-auth-failure-mode-allowed=true", "x-envoy-auth-partial-body=true")

	// Two where one may be.
	get("two authorizations nobody reads", true, true, "authorization=Bearer a", "authorization=Bearer b")
	add("two tokens", "GET", "/me", false, false, "authorization=Bearer a", "authorization=Bearer b")
	add("two tokens in one", "GET", "/me", false, false, "authorization=Bearer a, Bearer b")
	get("two hosts", false, true, "host=orders.test")
	get("two hosts", false, true, "host=evil.test")
	get("two cookies", true, true, "cookie=a=1", "cookie=b=2")

	// Upgrades.
	get("upgrade where none is", false, false, "connection=upgrade", "upgrade=websocket")
	get("h2c upgrade", true, false, "connection=upgrade, http2-settings", "upgrade=h2c", "http2-settings=AAMAAABkAAQAAP__")
	add("two upgrades", "GET", "/chat", false, false, "connection=upgrade", "upgrade=websocket, h2c")
	add("two upgrades", "GET", "/chat", false, false, "connection=upgrade", "upgrade=websocket", "upgrade=websocket")
	add("no upgrade where one must be", "GET", "/chat", false, false)

	// Where a message ends (RFC 9112 section 6, RFC 9113 section 8.2.2).
	get("TE and CL", false, false, "transfer-encoding=chunked", "content-length=0")
	get("two lengths", false, false, "content-length=0", "content-length=5")
	get("odd length", false, false, "content-length=+0")
	get("odd transfer-encoding", false, false, "transfer-encoding=xchunked")
	get("odd transfer-encoding", false, false, "transfer-encoding=identity")
	get("chunked in disguise", false, false, "transfer-encoding= \x0bchunked")
	get("a hidden header", true, false, "connection=authorization", "authorization=Bearer a")

	// Names and values that no header has.
	for _, n := range []string{"x y", "x\ty", "x(y)", "x\x00y", "x\ny", "x\ry", "x\xe9y", ""} {
		get("name", false, false, n+"=1")
	}
	get("a capital", true, false, "X-Capital=1")
	for _, v := range []string{"a\x00b", "a\nb", "a\x01b", "a\x7fb"} {
		get("value", false, false, "x-value="+v)
	}
	get("a bare CR, which Envoy takes out", true, false, "x-value=a\rb")
	get("a value that is not UTF-8", true, true, "x-value=caf\xe9")
	get("a pseudo-header twice", false, false, ":path=/open/admin")
	get("a pseudo-header late", false, false, ":method=POST")
	get("an unknown pseudo-header", false, false, ":protocol=foo")

	// Too much.
	var many []string
	for i := range 150 {
		many = append(many, fmt.Sprintf("x-many-%d=1", i))
	}
	get("many headers", true, true, many[:60]...)
	get("too many headers", false, false, many...)
	get("a big header", false, false, "x-big="+strings.Repeat("a", 70_000))
	add("a long path", "GET", "/open/"+strings.Repeat("a", 8000), true, true)
	add("too long a path", "GET", "/open/"+strings.Repeat("a", 9000), false, false)
	add("too deep a path", "GET", "/open"+strings.Repeat("/a", 200), false, false)
	return all
}
