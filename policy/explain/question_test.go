package explain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/policy/explain"
)

func orders(t testing.TB) *explain.Explainer {
	t.Helper()
	a, err := txtar.ParseFile("testdata/text/orders.txtar")
	if err != nil {
		t.Fatal(err)
	}
	return explainer(t, a)
}

func TestQuestionRefused(t *testing.T) {
	e := orders(t)
	minute := time.Minute
	for _, tc := range []struct {
		q    explain.Question
		want string
	}{
		{explain.Question{}, "which request? --path, --grpc, --curl or --record says so"},
		{explain.Question{Method: "GET"}, "which request? --path, --grpc, --curl or --record says so"},
		{explain.Question{GRPC: "a/B", Path: "/x"}, "--grpc: a gRPC call has its method and path already: leave out --method, --path and --curl"},
		{explain.Question{GRPC: "Charge"}, "--grpc: write package.Service/Method, as in shop.v1.Payments/Charge"},
		{explain.Question{Curl: "curl -u me a.test"}, "--curl:1:6: -u: a password has no place here, and no IdentityProvider reads one: leave it out, and name a user"},
		{explain.Question{Curl: "curl 'a.test"}, "--curl:1:6: this quote is not closed"},
		{explain.Question{Path: "/", Headers: []string{"nothing"}}, "--header: a header is written as Name: value"},
		{explain.Question{Path: "/", Headers: []string{": x"}}, "--header: a header is written as Name: value"},
		{explain.Question{Path: "/", Source: "localhost"}, `--source: "localhost" is no IP address`},
		{explain.Question{Path: "/", Source: "fe80::1%eth0"}, `--source: "fe80::1%eth0" is no IP address`},
		{explain.Question{Path: "/", Caller: "web"}, `--caller: "web" is no SPIFFE ID: scheme is missing or invalid`},
		{explain.Question{Path: "/", User: "alice"}, "--user: write PROVIDER/SUBJECT, as in shop-idp/alice"},
		{explain.Question{Path: "/", User: "/alice"}, "--user: write PROVIDER/SUBJECT, as in shop-idp/alice"},
		{explain.Question{Path: "/", User: "other/alice"}, `--user: there is no IdentityProvider named "other"`},
		{explain.Question{Path: "/", Scopes: []string{"a"}}, "what is said of a user needs the user: --user PROVIDER/SUBJECT"},
		{explain.Question{Path: "/", AuthAge: &minute}, "what is said of a user needs the user: --user PROVIDER/SUBJECT"},
		{explain.Question{Path: "/", Credential: "nonsense"}, `--credential: no credential is refused for "nonsense": write a reason such as token_expired or token_signature`},
		{explain.Question{Path: "/", Credential: "allowed"}, `--credential: no credential is refused for "allowed": write a reason such as token_expired or token_signature`},
		{explain.Question{Path: "/", Credential: "token_expired", User: "shop-idp/alice"}, "--credential: a credential that is refused speaks for nobody: leave out what is said of its user, but for --user PROVIDER"},
		{explain.Question{Path: "/", Credential: "token_expired", ACR: "mfa"}, "--credential: a credential that is refused speaks for nobody: leave out what is said of its user, but for --user PROVIDER"},
		{explain.Question{Path: "/", User: "shop-idp/alice", Claims: []string{"level"}}, "--claim: write NAME=JSON, as in level=3"},
		{explain.Question{Path: "/", User: "shop-idp/alice", Claims: []string{"=3"}}, "--claim: write NAME=JSON, as in level=3"},
		{explain.Question{Path: "/", User: "shop-idp/alice", Claims: []string{"tier=gold"}}, `--claim: the value of tier is not JSON: a string is written tier="text"`},
		{explain.Question{Path: "/", User: "shop-idp/alice", Claims: []string{"level=3 4"}}, "--claim: something follows the value of level"},
		{explain.Question{Path: "/", User: "shop-idp/alice", Claims: []string{`scope="a"`}, Scopes: []string{"b"}}, `--user: the claim scope *`},
		{explain.Question{Path: "/", User: "shop-idp/alice", Roles: []string{"r"}}, "--user: shop-idp maps no claim to roles*"},
		{explain.Question{Path: "/", User: "shop-idp/alice", Audience: []string{"x"}}, `--user: shop-idp refuses tokens that are for none of ["shop-api"]: give --credential token_audience if it is refused`},
		{explain.Question{Path: strings.Repeat("a", 65<<10)}, "a value has 66560 bytes: at most 65536 are read"},
		{explain.Question{Path: "/", Headers: make([]string, 1025)}, "a flag is given 1025 times: at most 1024 are read"},
	} {
		tc.q.At = now
		x, err := e.Explain(tc.q)
		want, begins := strings.CutSuffix(tc.want, "*") // the rest is package suite's to say
		if err == nil || err.Error() != want && (!begins || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%+.100v:\ngot  %v\nwant %s", tc.q, err, tc.want)
		}
		if x != nil {
			t.Errorf("%+.100v: an explanation beside the error", tc.q)
		}
	}
}

// TestAsTheSidecarReads holds what a request is refused for before any policy is asked.
func TestAsTheSidecarReads(t *testing.T) {
	e := orders(t)
	for _, tc := range []struct {
		q      explain.Question
		reason string
		detail string
	}{
		{explain.Question{Path: "/a//b"}, "bad_path", "the path has an empty segment"},
		{explain.Question{Path: "nowhere"}, "bad_path", "the path is missing, or is not in origin form"},
		{explain.Question{Path: "/", Method: "GE T"}, "bad_method", "the method is not a token"},
		{explain.Question{Path: "/", Method: "CONNECT"}, "bad_upgrade", "CONNECT is never granted"},
		{explain.Question{Path: "/", Host: "a@b"}, "bad_host", "the host is not one name or address, with a port or without"},
		{explain.Question{Path: "/", Upgrade: "a b"}, "bad_upgrade", "upgrade names no protocol, or more than one"},
		{explain.Question{Path: "/", Headers: []string{"Upgrade: a, b"}}, "bad_upgrade", "upgrade names no protocol, or more than one"},
		{explain.Question{Path: "/", Headers: []string{"Upgrade: a", "Upgrade: b"}}, "bad_upgrade", "upgrade names no protocol, or more than one"},
		{explain.Question{Path: "/", Headers: []string{"Upgrade: websocket", "Connection: upgrade, x-secret"}}, "bad_upgrade", "connection names headers beside an upgrade"},
		{explain.Question{Path: "/", Headers: []string{"X_Postern_User: root"}}, "bad_header", "a header has a name that is no token, or that some servers would take for one of Postern's own"},
		{explain.Question{Path: "/", Headers: []string{"a b: c"}}, "bad_header", "a header has a name that is no token, or that some servers would take for one of Postern's own"},
		{explain.Question{Path: "/nowhere", Headers: []string{"Connection: x-secret", "x-postern-user: root", "Upgrade: websocket", "Connection: keep-alive"}}, "bad_upgrade", "connection names headers beside an upgrade"},
		{explain.Question{Path: "/nowhere", Headers: []string{"Connection: x-secret", "x-postern-user: root"}}, "no_route", ""},
	} {
		tc.q.At = now
		x, err := e.Explain(tc.q)
		if err != nil {
			t.Errorf("%+v: %v", tc.q, err)
			continue
		}
		if x.Decision != "deny" || x.Reason != tc.reason || x.Detail != tc.detail {
			t.Errorf("%+v: got %s, %s (%s), want %s (%s)", tc.q, x.Decision, x.Reason, x.Detail, tc.reason, tc.detail)
		}
		if out := text(t, x); !strings.HasPrefix(out, "deny: "+tc.reason) {
			t.Errorf("it says %s", out)
		}
	}
}

func TestFlagsOverruleCurl(t *testing.T) {
	e := orders(t)
	const line = `curl -X POST -H 'X-Debug: 1' -H 'Host: a.test' -H 'X-Forwarded-Client-Cert: Hash=1' -E me.pem https://b.test/customers/7/orders/9?a=b`
	x, err := e.Explain(explain.Question{At: now, Curl: line})
	if err != nil {
		t.Fatal(err)
	}
	if x.Request.Method != "POST" || x.Request.Host != "a.test" || x.Request.Path != "/customers/7/orders/9" || x.Reason != "denied_by_rule" {
		t.Errorf("got %+v, %s", x.Request, x.Reason)
	}
	if notes := strings.Join(x.Notes, "\n"); !strings.Contains(notes, "--caller says whose") || !strings.Contains(notes, "Envoy's to say") {
		t.Errorf("notes: %s", notes)
	}
	x, err = e.Explain(explain.Question{At: now, Curl: line, Method: "GET", Host: "c.test", Headers: []string{"x-debug2: 1"}, Path: "/customers/8/orders/9"})
	if err != nil {
		t.Fatal(err)
	}
	if x.Request.Method != "GET" || x.Request.Host != "c.test" || x.Request.Path != "/customers/8/orders/9" {
		t.Errorf("got %+v", x.Request)
	}
	x, err = e.Explain(explain.Question{At: now, Path: "/x", GRPC: "", Headers: []string{"x-request-id: 6f1c9e0a-0000-4000-8000-000000000001", "Upgrade: WebSocket", "Connection: Upgrade"}, Source: "::ffff:10.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	if x.Request.Upgrade != "websocket" || x.Request.Source != "10.0.0.1" {
		t.Errorf("got %+v", x.Request)
	}
}

func TestWorkloads(t *testing.T) {
	a, err := txtar.ParseFile("testdata/text/orders.txtar")
	if err != nil {
		t.Fatal(err)
	}
	documents := parsed(t, a)
	for policy, want := range map[string]string{"": workload, "shop/orders": workload, "shop/other": ""} {
		if got := strings.Join(explain.Workloads(documents, policy), " "); got != want {
			t.Errorf("%q: got %s, want %s", policy, got, want)
		}
	}
}
