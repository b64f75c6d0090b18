package record

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

const everyConjunct = `
apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  deny: [{name: debug, headers: {x-debug: {present: true}}}]
  routes:
  - name: read
    http: {methods: [GET], path: "/orders/{id}"}
    allow:
    - {name: web, callers: [anyone], when: 'request.method == "GET"', source: [10.0.0.0/8]}
    - {callers: [anyone], shadow: true}
`

// evaluations are those of some rules.
func someRules(t testing.TB) []policy.Evaluation {
	t.Helper()
	documents, err := syntax.Parse("orders.yaml", []byte(everyConjunct))
	if err != nil {
		t.Fatal(err)
	}
	set, err := policy.Compile(documents, policy.Options{Workload: "spiffe://shop.test/ns/shop/sa/orders", Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	q := &policy.Request{Time: time.Now()}
	for what, err := range map[string]error{
		"method": func() (err error) { q.Method, err = policy.ParseMethod("GET"); return err }(),
		"host":   func() (err error) { q.Host, err = policy.ParseHost("orders.test"); return err }(),
		"path":   func() (err error) { q.Path, err = policy.ParsePath("/orders/1"); return err }(),
	} {
		if err != nil {
			t.Fatal(what, err)
		}
	}
	rules := set.Decide(q).Rules
	if len(rules) != 3 {
		t.Fatalf("%d rules", len(rules))
	}
	return rules
}

// someEntry is a record with these texts in every place, and with parts left out by chance.
func someEntry(rules []policy.Evaluation, chance *rand.Rand, text string) *Record {
	maybe := func(s string) string {
		if chance.IntN(3) == 0 {
			return ""
		}
		return s
	}
	at := policy.Position{Source: maybe(text + ".yaml"), Line: chance.IntN(3), Column: 5}
	r := Record{
		Time: time.Unix(1_700_000_000, chance.Int64N(1_000_000_000)), RequestID: text, Method: text, Host: maybe(text),
		PolicyDigest: maybe("digest"), RevocationDigest: maybe("revoked"), Latency: time.Duration(chance.Int64N(1e9) - 1e8), Detail: maybe(text),
		Decision: policy.Decision{
			Allow: chance.IntN(2) == 0, Reason: reason.NotGranted, Rule: at, RuleName: maybe(text), Policy: maybe(text), Route: maybe(text),
			Rules: rules[:chance.IntN(len(rules)+1)],
		},
	}
	switch chance.IntN(3) {
	case 0:
		r.Caller = identity.AssertedCaller(spiffeid.RequireFromString("spiffe://shop.test/ns/shop/sa/web"))
	case 1:
		r.Caller = identity.ProvenCaller(spiffeid.RequireFromString("spiffe://shop.test/ns/shop/sa/web"), [32]byte{})
	}
	if chance.IntN(2) == 0 {
		r.User = &identity.User{Provider: "idp", Subject: text, Client: maybe(text), Bound: identity.Binding(chance.IntN(2))}
		for range chance.IntN(4) {
			r.User.Actors = append(r.User.Actors, identity.Actor{Subject: text})
		}
	}
	if chance.IntN(3) == 0 {
		r.Decision.Shadow = &policy.Verdict{Allow: chance.IntN(2) == 0, Reason: reason.Allowed, Rule: at, RuleName: maybe(text)}
	}
	return &r
}

// FuzzLine holds that a line is zap's, byte for byte, and JSON.
func FuzzLine(f *testing.F) {
	rules := someRules(f)
	for i, s := range []string{"", "plain", `"quoted\\"`, "\x00\x1f\x7f\t\r\n", "a\xffb", "\u2028\u202e\u0085", "\U0001F600\U000E0001", "山田<>&", "\ufffd"} {
		f.Add(s, uint64(i))
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		e := someEntry(rules, rand.New(rand.NewPCG(seed, seed)), text)
		got, err := encode(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		if want := zapLine(t, e); string(got) != want {
			t.Fatalf("got  %swant %s", got, want)
		}
		if !json.Valid(got) {
			t.Fatalf("no JSON: %s", got)
		}
	})
}

// TestLinesAreZaps does so for many records.
func TestLinesAreZaps(t *testing.T) {
	rules, chance := someRules(t), rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		text := make([]rune, chance.IntN(12))
		for i := range text {
			text[i] = []rune{'a', '"', '\\', 0, 0x85, 0x2028, 'é', 0x1F600, 0xFFFD, '<'}[chance.IntN(10)]
		}
		e := someEntry(rules, chance, string(text))
		got, err := encode(nil, e)
		if want := zapLine(t, e); err != nil || string(got) != want {
			t.Fatalf("got  %swant %s%v", got, want, err)
		}
	}
}

func newZap() zapcore.Encoder {
	return zapcore.NewJSONEncoder(zapcore.EncoderConfig{
		TimeKey:    "time",
		EncodeTime: zapcore.RFC3339NanoTimeEncoder,
		LineEnding: "\n",
	})
}

// zapLine is the line of an entry as zap writes it, with what cannot be printed escaped.
func zapLine(t testing.TB, e *Record) string {
	t.Helper()
	line, err := newZap().EncodeEntry(zapcore.Entry{Time: e.Time.UTC()}, []zapcore.Field{zap.Inline((*zapEntry)(e))})
	if err != nil {
		t.Fatal(err)
	}
	return string(escape(nil, line.Bytes()))
}

type zapEntry Record

// MarshalLogObject adds every member but the time.
func (e *zapEntry) MarshalLogObject(to zapcore.ObjectEncoder) error {
	d := &e.Decision
	to.AddString("request_id", e.RequestID)
	to.AddString("decision", effect(!d.Allow))
	to.AddString("reason", d.Reason.String())
	zapOptional(to, "rule", d.Rule.String())
	zapOptional(to, "rule_name", d.RuleName)
	zapOptional(to, "policy", d.Policy)
	zapOptional(to, "route", d.Route)
	to.AddString("policy_digest", e.PolicyDigest)
	zapOptional(to, "revocation_digest", e.RevocationDigest)
	zapOptional(to, "caller", clip(e.Caller.String(), maxCaller))
	if e.Caller.Asserted() {
		to.AddBool("caller_asserted", true)
	}
	if u := e.User; u != nil {
		zapOptional(to, "user", u.Subject)
		zapOptional(to, "provider", u.Provider)
		zapOptional(to, "client", u.Client)
		zapOptional(to, "bound", u.Bound.String())
		if len(u.Actors) > 0 {
			if err := to.AddArray("actors", zapActors(u.Actors)); err != nil {
				return err
			}
		}
	}
	to.AddString("method", e.Method)
	to.AddString("host", e.Host)
	to.AddInt64("latency_us", max(0, e.Latency.Microseconds()))
	zapOptional(to, "detail", e.Detail)
	if d.Shadow != nil {
		if err := to.AddObject("shadow", (*shadow)(d.Shadow)); err != nil {
			return err
		}
	}
	if len(d.Rules) == 0 {
		return nil
	}
	return to.AddArray("rules", evaluations(d.Rules))
}

type zapActors []identity.Actor

func (all zapActors) MarshalLogArray(to zapcore.ArrayEncoder) error {
	for _, actor := range all {
		to.AppendString(actor.Subject)
	}
	return nil
}

func zapOptional(to zapcore.ObjectEncoder, key, value string) {
	if value != "" {
		to.AddString(key, value)
	}
}

// shadow is what the verdict would have been with every shadow rule enforced.
type shadow policy.Verdict

func (s *shadow) MarshalLogObject(to zapcore.ObjectEncoder) error {
	to.AddString("decision", effect(!s.Allow))
	to.AddString("reason", s.Reason.String())
	zapOptional(to, "rule", s.Rule.String())
	zapOptional(to, "rule_name", s.RuleName)
	return nil
}

type evaluations []policy.Evaluation

func (all evaluations) MarshalLogArray(to zapcore.ArrayEncoder) error {
	for i := range all {
		if err := to.AppendObject((*evaluation)(&all[i])); err != nil {
			return err
		}
	}
	return nil
}

type evaluation policy.Evaluation

func (e *evaluation) MarshalLogObject(to zapcore.ObjectEncoder) error {
	to.AddString("rule", e.Rule.Position().String())
	zapOptional(to, "name", e.Rule.Name())
	to.AddString("effect", e.Rule.Effect().String())
	if e.Rule.Guardrail() {
		to.AddBool("guardrail", true)
	}
	if e.Rule.Shadow() {
		to.AddBool("shadow", true)
	}
	return to.AddObject("conjuncts", zapcore.ObjectMarshalerFunc(e.conjuncts))
}

func (e *evaluation) conjuncts(to zapcore.ObjectEncoder) error {
	for name, bit := range e.Rule.Named().Each {
		switch {
		case e.Erred&bit != 0:
			to.AddString(name, "error")
		case e.Skipped&bit != 0:
			to.AddString(name, "skipped")
		default:
			to.AddBool(name, e.Held&bit != 0)
		}
	}
	return nil
}

// escape appends a line of JSON to dst, with what cannot be printed written as \u escapes:
// C1 controls drive terminals, U+2028 ends lines for some, and marks of direction reorder
// what an operator reads. JSON means the same by both spellings.
func escape(dst, line []byte) []byte {
	if !slices.ContainsFunc(line, func(b byte) bool { return b >= 0x7F }) {
		return append(dst, line...) // JSON has escaped what is below 0x20
	}
	for len(line) > 0 {
		r, size := utf8.DecodeRune(line)
		switch {
		case !unprintable(r):
			dst = append(dst, line[:size]...)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, high, low)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		}
		line = line[size:]
	}
	return dst
}

// unprintable includes U+FFFD, which stands for what is not UTF-8. The newline at the end of
// the line is the only ASCII control that JSON leaves in.
func unprintable(r rune) bool {
	return r != '\n' && (r == utf8.RuneError || !strconv.IsPrint(r))
}
