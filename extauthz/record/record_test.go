package record_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/extauthz/record"
	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
)

func TestLine(t *testing.T) {
	const fixed = `"request_id": "6f1c9e0a-0000-4000-8000-000000000001", "policy": "shop/orders", "route": "read-order",
		"policy_digest": "sha256:abc", "caller": "spiffe://shop.test/ns/shop/sa/web", "user": "alice", "provider": "shop-idp",
		"client": "web-app", "method": "GET", "host": "orders.shop.test", "latency_us": 1234, "time": "2026-03-01T11:30:00.123456789Z"`
	const allows = `{"rule": "orders.yaml:14:5", "effect": "allow", "conjuncts": {"callers": false}},
		{"rule": "orders.yaml:15:5", "name": "web-for-a-user", "effect": "allow", "conjuncts": {"callers": true, "user": true, "scopes": true}}`
	for _, tc := range []struct{ name, debug, want string }{
		{
			"allow", "off", `{` + fixed + `, "decision": "allow", "reason": "allowed", "rule": "orders.yaml:15:5", "rule_name": "web-for-a-user",
			"rules": [{"rule": "orders.yaml:12:5", "name": "no-debug", "effect": "deny", "conjuncts": {"headers": false}}, ` + allows + `]}`,
		},
		{
			"deny by a rule", "on", `{` + fixed + `, "decision": "deny", "reason": "denied_by_rule", "rule": "orders.yaml:12:5", "rule_name": "no-debug",
			"rules": [{"rule": "orders.yaml:12:5", "name": "no-debug", "effect": "deny", "conjuncts": {"headers": true}}, ` + allows + `]}`,
		},
		{
			"deny by an error", "\xff" + canary, `{` + fixed + `, "decision": "deny", "reason": "denied_by_rule", "rule": "orders.yaml:12:5", "rule_name": "no-debug",
			"rules": [{"rule": "orders.yaml:12:5", "name": "no-debug", "effect": "deny", "conjuncts": {"headers": "error"}}, ` + allows + `]}`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			line := written(t, decided(t, tc.debug))
			if got, want := fields(t, line), fields(t, tc.want); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %s\nwant %s", line, tc.want)
			}
			if strings.Contains(line, canary) {
				t.Errorf("a secret is in %s", line)
			}
		})
	}
}

func TestLineOfWhatWasNeverRead(t *testing.T) {
	begun := time.Now()
	m := fields(t, written(t, &record.Record{Detail: "why"}))
	want := []string{"decision", "detail", "host", "latency_us", "method", "policy_digest", "reason", "request_id", "time"}
	if got := slices.Sorted(maps.Keys(m)); !slices.Equal(got, want) {
		t.Errorf("members %v, want %v", got, want)
	}
	if m["decision"] != "deny" || m["reason"] != "internal" || m["detail"] != "why" {
		t.Errorf("the zero record reads %v", m)
	}
	at, err := time.Parse(time.RFC3339Nano, m["time"].(string))
	if err != nil || at.Before(begun.Add(-time.Second)) || at.After(time.Now()) {
		t.Errorf("time %v, %v; want now", m["time"], err)
	}
}

func TestAssertedCaller(t *testing.T) {
	r := numbered("1")
	r.Caller = identity.AssertedCaller(spiffeid.RequireFromString("spiffe://shop.test/web"))
	m := fields(t, written(t, r))
	if m["caller"] != "spiffe://shop.test/web" || m["caller_asserted"] != true {
		t.Errorf("got %v", m)
	}
}

func TestBoundAndActors(t *testing.T) {
	long := strings.Repeat("é", 200)
	all := []identity.Actor{{Subject: "spiffe://shop.test/web", Issuer: canary, Client: canary}, {Subject: "a\nb"}, {Subject: long}, {Subject: "d"}, {Subject: "fifth"}}
	for name, tc := range map[string]struct {
		user   *identity.User
		bound  any
		actors any
	}{
		"no user":      {nil, nil, nil},
		"neither":      {&identity.User{Provider: "p", Subject: "s", Actors: []identity.Actor{}}, nil, nil},
		"of no one":    {&identity.User{Subject: "s", Actors: all, Bound: identity.BoundMTLS}, nil, nil},
		"bound":        {&identity.User{Provider: "p", Bound: identity.BoundMTLS}, "mtls", nil},
		"one":          {&identity.User{Provider: "p", Actors: all[:1]}, nil, []any{"spiffe://shop.test/web"}},
		"at most four": {&identity.User{Provider: "p", Actors: all}, nil, []any{"spiffe://shop.test/web", "a\nb", strings.Repeat("é", 126) + "…", "d"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := numbered("1")
			r.User = tc.user
			line := written(t, r)
			m := fields(t, line)
			if m["bound"] != tc.bound || !reflect.DeepEqual(m["actors"], tc.actors) {
				t.Errorf("got %v and %v in %s", m["bound"], m["actors"], line)
			}
			if strings.Count(line, "\n") != 1 || strings.Contains(line, canary) {
				t.Errorf("got %q", line)
			}
		})
	}
}

func TestLatency(t *testing.T) {
	for name, tc := range map[string]struct {
		latency time.Duration
		want    float64
	}{
		"negative":   {-time.Second, 0},
		"below one":  {999 * time.Nanosecond, 0},
		"one":        {time.Microsecond, 1},
		"very large": {math.MaxInt64, math.MaxInt64 / 1000},
	} {
		r := numbered("1")
		r.Latency = tc.latency
		if got := fields(t, written(t, r))["latency_us"]; got != tc.want {
			t.Errorf("%s: got %v, want %v", name, got, tc.want)
		}
	}
}

func TestLengths(t *testing.T) {
	long := strings.Repeat("é", 5000)
	r := &record.Record{
		RequestID: long, PolicyDigest: long, RevocationDigest: long, Method: long, Host: long, Detail: long,
		User:   &identity.User{Provider: long, Subject: long, Client: long},
		Caller: identity.ProvenCaller(spiffeid.RequireFromString("spiffe://shop.test/"+strings.Repeat("a", 5000)), [32]byte{}),
	}
	m := fields(t, written(t, r))
	for key, limit := range map[string]int{
		"request_id": 128, "policy_digest": 128, "revocation_digest": 128, "method": 32, "host": 253, "detail": 1024,
		"provider": 255, "user": 255, "client": 255, "caller": 2048,
	} {
		got := m[key].(string)
		if len(got) > limit || len(got) < limit-utf8.UTFMax || !strings.HasSuffix(got, "…") {
			t.Errorf("%s has %d bytes, want at most %d with an ellipsis: %q", key, len(got), limit, got)
		}
		if strings.ContainsRune(got, utf8.RuneError) {
			t.Errorf("%s is cut inside a character: %q", key, got)
		}
	}
	fits := strings.Repeat("h", 253)
	if got := fields(t, written(t, &record.Record{Host: fits}))["host"]; got != fits {
		t.Errorf("what fits was cut to %q", got)
	}
}

func TestUnprintable(t *testing.T) {
	for name, tc := range map[string]struct{ value, raw, read string }{
		"newlines":           {"a\r\nb", `a\r\nb`, "a\r\nb"},
		"quote and escape":   {`a"\b`, `a\"\\b`, `a"\b`},
		"C0":                 {"a\x1b[2Jb", `a\u001b[2Jb`, "a\x1b[2Jb"},
		"delete":             {"a\x7fb", `a\u007fb`, "a\x7fb"},
		"C1":                 {"a\u009bb", `a\u009bb`, "a\u009bb"},
		"line separator":     {"a\u2028b", `a\u2028b`, "a\u2028b"},
		"right to left":      {"a\u202eb", `a\u202eb`, "a\u202eb"},
		"beyond the BMP":     {"a\U000e0001b", `a\udb40\udc01b`, "a\U000e0001b"},
		"not UTF-8":          {"a\xff\xc3", `a\ufffd\ufffd`, "a\ufffd\ufffd"},
		"a replacement":      {"a\ufffd", `a\ufffd`, "a\ufffd"},
		"text as it is":      {"Zoë 花子 🙂", "Zoë 花子 🙂", "Zoë 花子 🙂"},
		"a literal escape":   {`\u2028`, `\\u2028`, `\u2028`},
		"text beside it":     {"é\u2028é", `é\u2028é`, "é\u2028é"},
		"nothing but spaces": {"  ", "  ", "  "},
	} {
		t.Run(name, func(t *testing.T) {
			line := written(t, &record.Record{Host: tc.value})
			if !strings.Contains(line, `"host":"`+tc.raw+`"`) {
				t.Errorf("%q has no %s", line, tc.raw)
			}
			if got := fields(t, line)["host"]; got != tc.read {
				t.Errorf("read back as %q, want %q", got, tc.read)
			}
		})
	}
}

// A record is made of a decision whose rules never have a hole; if one ever had, it must cost
// that record alone.
func TestPanicCostsOneRecord(t *testing.T) {
	var out bytes.Buffer
	w := record.NewWriter(&out, record.Options{})
	broken := numbered("broken")
	broken.Decision.Rules = []policy.Evaluation{{}}
	w.Record(numbered("before"))
	w.Record(broken)
	w.Record(numbered("after"))
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got, want := w.Counts(), (record.Counts{Written: 2, Failed: 1}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 2 || fields(t, lines[0])["request_id"] != "before" || fields(t, lines[1])["request_id"] != "after" {
		t.Errorf("got %q", lines)
	}
}

func FuzzRecord(f *testing.F) {
	f.Add("id", "GET", "orders", "alice", "detail", "shop/orders", "orders.yaml", true)
	f.Add("\x00\n\r", "\xff", "\u2028", "\xed\xa0\x80", `"}`, "\U0010ffff", "\\", false)
	f.Add(strings.Repeat("\x80", 400), strings.Repeat("…", 99), "", strings.Repeat("a\n", 999), "\u202e", "", "", true)
	f.Fuzz(func(t *testing.T, id, method, host, subject, detail, name, source string, allow bool) {
		line := written(t, &record.Record{
			Time: time.Unix(0, 0), RequestID: id, Method: method, Host: host, Detail: detail, PolicyDigest: detail,
			User: &identity.User{Provider: name, Subject: subject, Client: subject, Actors: []identity.Actor{{Subject: subject}, {Subject: detail}}},
			Decision: policy.Decision{
				Allow: allow, Reason: reason.Code(len(id)), Rule: policy.Position{Source: source}, RuleName: name, Policy: name, Route: name,
			},
		})
		if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
			t.Fatalf("not one line: %q", line)
		}
		if !utf8.ValidString(line) || !json.Valid([]byte(line)) {
			t.Fatalf("not JSON in UTF-8: %q", line)
		}
		m := fields(t, line)
		if (m["decision"] == "allow") != allow {
			t.Fatalf("decision %v, want allow %v", m["decision"], allow)
		}
		if got, want := m["host"], strings.ToValidUTF8(host, ""); len(host) <= 253 && utf8.ValidString(host) && got != want {
			t.Fatalf("host %q, want %q", got, want)
		}
	})
}

func Example() {
	w := record.NewWriter(os.Stdout, record.Options{})
	w.Record(&record.Record{
		Time: time.Date(2026, 3, 1, 11, 30, 0, 0, time.UTC), RequestID: "7", Method: "GET", Host: "orders",
		Decision: policy.Decision{Reason: reason.NoRoute}, PolicyDigest: "sha256:abc",
	})
	_ = w.Close(context.Background())
	// Output:
	// {"time":"2026-03-01T11:30:00Z","request_id":"7","decision":"deny","reason":"no_route","policy_digest":"sha256:abc","method":"GET","host":"orders","latency_us":0}
}
