package explain_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/extauthz/record"
	"github.com/postern/postern/policy/explain"
)

const requestID = "6f1c9e0a-0000-4000-8000-000000000001"

// recorded returns the line that the sidecar writes of a request, which is explained as it is
// changed by change.
func recorded(t testing.TB, e *explain.Explainer, q explain.Question, digest string) string {
	t.Helper()
	request, d, refused, err := e.Decided(q)
	if err != nil {
		t.Fatal(err)
	}
	r := record.Record{
		Time: request.Time, RequestID: requestID, Decision: d, PolicyDigest: digest, Caller: request.Caller,
		User: request.Credential.User, Method: request.Method.String(), Host: request.Host.String(),
	}
	if refused != nil {
		r.Detail = refused.Error()
	}
	var out bytes.Buffer
	w := record.NewWriter(&out, record.Options{})
	if !w.Record(&r) || w.Close(context.Background()) != nil {
		t.Fatal("the record is not written")
	}
	return out.String()
}

func parse(t testing.TB, line string) explain.Record {
	t.Helper()
	r, err := explain.ReadRecord("records.jsonl", strings.NewReader(line), "")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRecordsOfEveryQuestion: whatever the sidecar records of the questions of testdata/text can
// be explained, says the same decision, and, where nothing changed since, the same of what is in it.
func TestRecordsOfEveryQuestion(t *testing.T) {
	a, err := txtar.ParseFile("testdata/text/orders.txtar")
	if err != nil {
		t.Fatal(err)
	}
	e := explainer(t, a)
	for _, f := range a.Files {
		if !strings.HasSuffix(f.Name, ".ask") {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			q := question(t, string(f.Data))
			live, err := e.Explain(q)
			if err != nil {
				t.Fatal(err)
			}
			x := e.Record(parse(t, recorded(t, e, q, "d1")))
			if x.Decision != live.Decision || x.Reason != live.Reason || x.Rule != live.Rule || x.RuleName != live.RuleName {
				t.Errorf("recorded %+v, and live %+v", x.Verdict, live.Verdict)
			}
			if len(x.Rules) != len(live.Rules) || !x.Recorded.SamePolicy || x.Request.Path != "not recorded" {
				t.Errorf("%d rules, %d live; same policy %v", len(x.Rules), len(live.Rules), x.Recorded.SamePolicy)
				return
			}
			for i, r := range x.Rules {
				checkRecordedRule(t, r, live.Rules[i], live.Reason == "token_revoked")
			}
			for _, c := range x.Changes {
				if c.Tried {
					t.Errorf("a change of a record was tried: %+v", c)
				}
			}
			checkJSON(t, x)
		})
	}
}

func checkRecordedRule(t *testing.T, then, live explain.Rule, revoked bool) {
	t.Helper()
	if then.At != live.At || then.Name != live.Name || then.Effect != live.Effect || then.Shadow != live.Shadow || then.Outcome != live.Outcome || len(then.Parts) != len(live.Parts) {
		t.Errorf("recorded %+v\nlive     %+v", then, live)
		return
	}
	for i, p := range then.Parts {
		l := live.Parts[i]
		if p.Conjunct != l.Conjunct || p.Wants != l.Wants || p.Header != l.Header || p.Header == "" && p.Outcome != l.Outcome {
			t.Errorf("recorded %+v\nlive     %+v", p, l)
		}
		tells := p.Conjunct == "callers" || p.Conjunct == "user" && !revoked
		if (p.Now != "") != tells || tells && p.Now != l.Outcome || !tells && p.Has != "not recorded" {
			t.Errorf("of %s it is told %+v", p.Conjunct, p)
		}
	}
}

func TestRecordText(t *testing.T) {
	const file = "testdata/record.txtar"
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	e := explainer(t, a)
	for i := range a.Files {
		name, asks := strings.CutSuffix(a.Files[i].Name, ".jsonl")
		if !asks {
			continue
		}
		t.Run(name, func(t *testing.T) {
			x := e.Record(parse(t, string(a.Files[i].Data)))
			got := text(t, x)
			switch want := &a.Files[i+1]; {
			case *update:
				want.Data = []byte(got)
			case want.Name != name+".text" || string(want.Data) != got:
				t.Errorf("got\n%s", got)
			}
			checkJSON(t, x)
		})
	}
	if *update {
		if err := os.WriteFile(filepath.FromSlash(file), txtar.Format(a), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadRecord(t *testing.T) {
	const one = `{"time":"2026-11-22T09:00:00Z","request_id":"a-1","decision":"deny","reason":"no_route"}`
	two := strings.ReplaceAll(one, "a-1", "a-2")
	for _, tc := range []struct{ name, text, id, want string }{
		{"one", one, "", "a-1"},
		{"one with empty lines", "\n\n" + one + "\n\n", "", "a-1"},
		{"one of two", one + "\n" + two + "\n", "a-2", "a-2"},
		{"lines that are none", "starting\n" + one + "\nstopped", "a-1", "a-1"},
		{"an id that another begins with", one + "\n" + strings.ReplaceAll(one, "a-1", "a-11"), "a-1", "a-1"},
		{"a line of another log that has the id", `{"msg":"a-1"}` + "\n" + one + "\nabout a-1", "a-1", "a-1"},
		{"only a line of another log that has the id", two + "\n" + `{"msg":"a-1"}`, "a-1", "r.jsonl:2: this is no decision record: one has time, request_id, decision (allow or deny) and reason"},
		{"younger members", strings.Replace(one, "{", `{"new":{"a":[1]},`, 1), "", "a-1"},
		{"empty", "", "", "r.jsonl: there is no record"},
		{"no such id", one, "b", "r.jsonl: there is no record of the request b"},
		{"two", one + "\n" + two, "", "r.jsonl:2: there is more than one record: choose one by --request-id"},
		{"two with one id", one + "\n" + one, "a-1", "r.jsonl:2: a second record of the request a-1: clients can choose the same id; give one line alone"},
		{"text", "hello", "", "r.jsonl:1: this is no decision record: it is not JSON"},
		{"cut off", one[:40], "", "r.jsonl:1: this is no decision record: it is not JSON"},
		{"a list", "[1]", "", "r.jsonl:1: this is no decision record: it is a array, and no object"},
		{"two values", one + one, "", "r.jsonl:1: this is no decision record: it is not JSON"},
		{"another log", `{"level":"info","msg":"listening"}`, "", "r.jsonl:1: this is no decision record: one has time, request_id, decision (allow or deny) and reason"},
		{"no time", strings.Replace(one, "time", "tyme", 1), "", "r.jsonl:1: this is no decision record: one has time, request_id, decision (allow or deny) and reason"},
		{"a wrong time", strings.Replace(one, "2026-11-22T09:00:00Z", "today", 1), "", "r.jsonl:1: this is no decision record: it is not JSON"},
		{"a wrong type", strings.Replace(one, `"no_route"`, "7", 1), "", "r.jsonl:1: this is no decision record: reason is a number"},
		{"a wrong decision", strings.Replace(one, `"deny"`, `"maybe"`, 1), "", "r.jsonl:1: this is no decision record: one has time, request_id, decision (allow or deny) and reason"},
		{"an unknown reason", strings.Replace(one, "no_route", "too_late", 1), "", "r.jsonl:1: the reason too_late is not known: is the record younger than this program?"},
		{"a contradiction", strings.Replace(one, "deny", "allow", 1), "", "r.jsonl:1: this is no decision record: no_route is no reason for allow"},
		{"a rule without effect", strings.Replace(one, "}", `,"rules":[{"rule":"a:1:1"}]}`, 1), "", "r.jsonl:1: this is no decision record: each of its rules has rule and effect (allow, deny or require)"},
		{"an outcome that is none", strings.Replace(one, "}", `,"rules":[{"rule":"a:1:1","effect":"allow","conjuncts":{"callers":7}}]}`, 1), "", `r.jsonl:1: this is no decision record: what came of callers is true, false, "error" or "skipped"`},
		{"a very long line", strings.Repeat(" ", 17<<20), "", "r.jsonl:1: the line is too long for a record"},
		{"not UTF-8", "\xff\xfe", "", "r.jsonl:1: this is no decision record: it is not JSON"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := explain.ReadRecord("r.jsonl", strings.NewReader(tc.text), tc.id)
			got := r.RequestID()
			if err != nil {
				got = err.Error()
			}
			if got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// TestRecordAgain: the command that is proposed asks for the same again.
func TestRecordAgain(t *testing.T) {
	e := orders(t)
	q := explain.Question{At: now, Path: "/customers/7/orders/9", Method: "GET", Host: "a.test", Caller: "spiffe://shop.test/ns/shop/sa/web", User: "shop-idp/o'neil", Client: "app"}
	x := e.Record(parse(t, recorded(t, e, q, "d1")))
	const want = `postern explain --workload spiffe://shop.test/ns/shop/sa/orders --at 2026-11-22T09:00:00Z --method GET --host a.test ` +
		`--caller spiffe://shop.test/ns/shop/sa/web --user 'shop-idp/o'\''neil' --client app --path PATH`
	if x.Recorded.Again != want {
		t.Errorf("got  %s\nwant %s", x.Recorded.Again, want)
	}
	x = e.Record(parse(t, recorded(t, e, explain.Question{At: now, Path: "/customers/7/orders/9", Caller: q.Caller, Credential: "token_expired"}, "d1")))
	if !strings.Contains(x.Recorded.Again, " --credential token_expired ") {
		t.Errorf("got %s", x.Recorded.Again)
	}
}

// TestRecordAmong: what is not there is not taken for a policy that names nobody.
func TestRecordAmong(t *testing.T) {
	a, err := txtar.ParseFile("testdata/record.txtar")
	if err != nil {
		t.Fatal(err)
	}
	documents := parsed(t, a)
	for policy, want := range map[string]string{
		"":            "",
		"shop/orders": "",
		"shop/order":  "the record is of shop/order, which is not here",
		"/company":    "the record is of /company, which is not here", // a MeshPolicy has no routes
		"orders":      "the record is of orders, which is not here",
		"\x1b[2J":     `the record is of "\x1b[2J", which is not here`,
	} {
		line, err := json.Marshal(map[string]any{"time": now, "request_id": "a", "decision": "deny", "reason": "not_granted", "policy": policy})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := parse(t, string(line)).Among(documents); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: got %q", policy, got)
		}
	}
}

// TestRecordsAreNotTrusted: a client chooses much of what is in one.
func TestRecordsAreNotTrusted(t *testing.T) {
	const evil = "\x1b[2J\u202e"
	line, err := json.Marshal(map[string]any{
		"time": "2026-11-22T09:00:00Z", "request_id": evil, "decision": "deny", "reason": "no_route", "method": evil, "host": evil,
		"user": evil, "provider": evil, "client": evil, "caller": evil, "policy": evil, "route": evil, "rule": evil, "rule_name": evil, "detail": evil, "policy_digest": evil,
		"shadow": map[string]any{"decision": evil, "reason": evil, "rule": evil, "rule_name": evil},
		"rules":  []any{map[string]any{"rule": evil, "name": evil, "effect": "allow", "conjuncts": map[string]any{evil: true}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if out := text(t, orders(t).Record(parse(t, string(line)))); strings.ContainsAny(out, "\x1b\u202e") {
		t.Errorf("it says %q", out)
	}
}

// FuzzParseRecord holds that what is accepted can be explained.
func FuzzParseRecord(f *testing.F) {
	e := orders(f)
	f.Add([]byte(recorded(f, e, explain.Question{At: now, Path: "/customers/7/orders/9"}, "d1")))
	f.Add([]byte(`{"time":"2026-11-22T09:00:00Z","request_id":"a","decision":"deny","reason":"no_route","rules":[{"rule":"a","effect":"require","conjuncts":{"x":"error"}}]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := explain.ParseRecord(line)
		if err != nil {
			if r.RequestID() != "" {
				t.Fatal("a record beside an error")
			}
			return
		}
		x := e.Record(r)
		if out := text(t, x); out == "" || strings.ContainsAny(out, "\x1b\x00\r") {
			t.Fatalf("%q", out)
		}
	})
}
