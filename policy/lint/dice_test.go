package lint_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
)

// dice makes policies and requests of so few parts that rules often cover each other, and requests
// often meet them.
type dice struct {
	*rand.Rand
	conditions bool // whether rules have conditions
}

func newDice(seed uint64) *dice {
	return &dice{Rand: rand.New(rand.NewPCG(seed, 1)), conditions: true}
}

func (d *dice) one(of ...string) string { return of[d.IntN(len(of))] }

// in says yes in one of n cases.
func (d *dice) in(n int) bool { return d.IntN(n) == 0 }

// some returns one to three of the words, none twice, with commas between them.
func (d *dice) some(of ...string) string {
	d.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
	return strings.Join(of[:1+d.IntN(min(3, len(of)))], ", ")
}

const protected = "spiffe://a.test/ns/shop/sa/w"

// documents writes one to three policies, and perhaps guardrails.
func (d *dice) documents() string {
	var b strings.Builder
	for i := range 1 + d.IntN(3) {
		if i > 0 {
			b.WriteString("---\n")
		}
		fmt.Fprintf(&b, "apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: p%d, namespace: shop}\nspec:\n", i)
		fmt.Fprintf(&b, "  workloads: [%s]\n", d.one(protected, protected, `"spiffe://a.test/ns/shop/sa/*"`, `"spiffe://a.test/ns/*/sa/w", `+protected))
		b.WriteString("  groups:\n    g: [spiffe://a.test/x/1, spiffe://a.test/x/2]\n    h: [\"spiffe://a.test/x/*\"]\n")
		d.rules(&b, "  deny", 2)
		b.WriteString("  routes:\n")
		for j := range 1 + d.IntN(4) {
			fmt.Fprintf(&b, "  - name: r%d\n    %s\n", j, d.where())
			d.rules(&b, "    allow", 5)
			d.rules(&b, "    deny", 2)
		}
	}
	if d.in(2) {
		b.WriteString("---\napiVersion: postern.dev/v1alpha1\nkind: MeshPolicy\nmetadata: {name: m}\nspec:\n  guardrails:\n")
		for j := range 1 + d.IntN(2) {
			fmt.Fprintf(&b, "  - name: g%d\n    workloads: [%s]\n", j, d.one(protected, `"spiffe://a.test/**"`, "spiffe://a.test/ns/shop/sa/v"))
			b.WriteString(d.one("", "    http: {path: /p}\n", "    http: {path: \"/p/{rest...}\", methods: [GET]}\n", "    grpc: {service: s.S}\n"))
			b.WriteString(d.one("", "", "    except: [{http: {path: \"/p/{a}\"}}]\n", "    except: [{grpc: {service: s.S, methods: [M]}}]\n"))
			fmt.Fprintf(&b, "    %s: %s\n", d.one("deny", "require"), d.rule("require"))
		}
	}
	return b.String()
}

func (d *dice) where() string {
	if d.in(6) {
		return fmt.Sprintf("grpc: {service: s.S, methods: [%s]}", d.one("M", "O", `"*"`))
	}
	path := d.one("/p", "/p", "/p/", "/p/{a}", "/p/{b}", "/p/{rest...}", "/p/{a}/{rest...}", "/s.S/M")
	return fmt.Sprintf("http: {methods: [%s], path: %q%s}", d.one("GET", "POST", "GET, POST", `"*"`), path, d.one("", "", ", hosts: [h.test]"))
}

func (d *dice) rules(b *strings.Builder, what string, most int) {
	n := d.IntN(most + 1)
	if n == 0 {
		return
	}
	b.WriteString(what + ":\n")
	indent := strings.Repeat(" ", strings.IndexFunc(what, func(r rune) bool { return r != ' ' }))
	for range n {
		fmt.Fprintf(b, "%s- %s\n", indent, d.rule(strings.TrimSpace(what)))
	}
}

func (d *dice) rule(effect string) string {
	var parts []string
	if effect == "allow" || d.in(2) {
		groups := effect != "require"
		parts = append(parts, "callers: ["+d.callers(groups)+"]")
	}
	if d.in(2) {
		parts = append(parts, "user: {"+d.user()+"}")
	}
	if d.in(4) {
		parts = append(parts, "headers: {"+d.one("x-a", "x-b")+": "+d.match(false, `"1"`, `"2"`, `"3"`)+"}")
	} else if d.in(6) {
		parts = append(parts, "headers: {x-a: {present: "+d.one("true", "false")+"}}")
	}
	if d.in(5) {
		parts = append(parts, "source: ["+d.some("10.0.0.0/8", "10.1.0.0/16", "11.0.0.0/8")+"]")
	}
	if d.conditions && d.in(5) {
		parts = append(parts, "when: '"+d.when()+"'")
	}
	if len(parts) == 0 {
		parts = append(parts, "source: [10.0.0.0/8]")
	}
	if d.in(10) {
		parts = append(parts, "shadow: true")
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func (d *dice) callers(groups bool) string {
	if d.in(6) {
		return "anyone"
	}
	all := []string{"spiffe://a.test/x/1", "spiffe://a.test/x/2", `"spiffe://a.test/x/*"`, `"spiffe://a.test/**"`, "spiffe://b.test/x/1"}
	if groups {
		all = append(all, "group:g", "group:h")
	}
	return d.some(all...)
}

func (d *dice) user() string {
	parts := []string{"provider: [" + d.some("people", "robots") + "]"}
	if d.in(3) {
		parts = append(parts, "scopes: "+d.match(false, "r", "w", "x"))
	}
	if d.in(5) {
		parts = append(parts, "roles: "+d.match(false, "r", "w", "x"))
	}
	if d.in(4) {
		parts = append(parts, "acr: "+d.match(true, "mfa", "pwd", "hwk"))
	}
	if d.in(6) {
		parts = append(parts, "clients: "+d.match(true, "c", "d"))
	}
	if d.in(6) {
		parts = append(parts, "maxAge: "+d.one("5m", "10m"))
	}
	if d.in(6) {
		parts = append(parts, "bound: mtls")
	}
	return strings.Join(parts, ", ")
}

func (d *dice) match(alone bool, of ...string) string {
	switch {
	case d.in(3):
		return d.one(of...)
	case alone || d.in(2):
		return "{any: [" + d.some(of...) + "]}"
	default:
		return "{all: [" + d.some(of...) + "]}"
	}
}

func (d *dice) when() string {
	return d.one(
		`request.method == "GET"`, `request.method == "GET"`, `"1" in header("x-a")`, `header("x-a")[0] == "1"`, `user.subject == "s"`,
		`true`, `false`, `"1" in header("x-b") || true`, `1 == 1 || request.host == "x"`, `request.method == "A" && request.method == "B"`, `user.claims.level > 3`,
		`has(user.claims.level) && user.claims.level > 3`, `caller.trust_domain == "a.test"`, `user.actors[0].subject == caller.id`, `user.actors == []`, `size(header("x-b")) > 0 && header("x-b")[0] == "2"`,
	)
}

// request makes a request, and matches it. The credential is one that was found where the policy
// looks.
func (d *dice) request() *policy.Request {
	q := &policy.Request{ID: "id", Time: now, HTTP2: true}
	q.Method, _ = policy.ParseMethod(d.one("GET", "POST", "GET", "POST", "PUT"))
	q.Path, _ = policy.ParsePath(d.one("/p", "/p", "/p/", "/p/1", "/p/1/", "/p/1/2", "/s.S/M", "/s.S/O", "/s.S", "/"))
	q.Host, _ = policy.ParseHost(d.one("h.test", "i.test"))
	var headers []policy.Header
	for _, name := range []string{"x-a", "x-b"} {
		for range d.IntN(3) {
			headers = append(headers, policy.Header{Name: name, Value: d.one("1", "2", "3", "1,2", "\xff")})
		}
	}
	if d.in(3) {
		headers = append(headers, policy.Header{Name: "content-type", Value: "application/grpc"})
	}
	q.Headers = policy.NewHeaders(headers, d.in(4))
	q.Source, _ = netip.ParseAddr(d.one("10.1.0.1", "10.2.0.1", "11.0.0.1", "192.0.2.1"))
	if !d.in(5) {
		id := spiffeid.RequireFromString(d.one("spiffe://a.test/x/1", "spiffe://a.test/x/2", "spiffe://a.test/x/3", "spiffe://a.test/y", "spiffe://b.test/x/1"))
		q.Caller = identity.ProvenCaller(id, [32]byte{})
	}
	return q
}

// credential gives a request a credential of one of the providers that are read.
func (d *dice) credential(q *policy.Request, providers []string) {
	q.Credential = identity.Credential{Reason: reason.CredentialMissing}
	switch {
	case len(providers) == 0:
		q.Credential = identity.Credential{}
	case d.in(5):
	case d.in(8):
		q.Credential = identity.Credential{Presented: true, Reason: reason.TokenExpired}
	default:
		u := &identity.User{
			Provider: d.one(providers...), Subject: d.one("s", "t"), Client: d.one("", "c", "d"), ACR: d.one("", "mfa", "pwd", "hwk"),
			Scopes: d.words("r", "w", "x"), Claims: map[string]any{},
		}
		if u.Provider == "people" {
			u.Roles = d.words("r", "w", "x")
		}
		if d.in(2) {
			u.AuthTime = now.Add(-time.Duration(d.IntN(12)) * time.Minute)
		}
		if d.in(2) {
			u.Bound = identity.BoundMTLS
		}
		for range d.IntN(3) {
			u.Actors = append(u.Actors, identity.Actor{Subject: d.one("spiffe://a.test/x/1", "batch")})
		}
		q.Credential = identity.Credential{Presented: true, User: u, Reason: reason.Allowed}
	}
}

func (d *dice) words(of ...string) []string {
	var all []string
	for _, word := range of {
		if d.in(2) {
			all = append(all, word)
		}
	}
	return all
}
