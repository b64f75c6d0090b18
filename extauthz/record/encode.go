package record

import (
	"fmt"

	"go.uber.org/zap"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"

	"github.com/postern/postern/policy"
)

func newEncoder() zapcore.Encoder {
	return zapcore.NewJSONEncoder(zapcore.EncoderConfig{
		TimeKey:    "time",
		EncodeTime: zapcore.RFC3339NanoTimeEncoder,
		LineEnding: "\n",
	})
}

// encode returns the line of an entry. A panic is an error: it must cost one record and not
// the process.
func encode(with zapcore.Encoder, e *entry) (line *buffer.Buffer, err error) {
	defer func() {
		if p := recover(); p != nil {
			line, err = nil, fmt.Errorf("encoding the record panicked with a %T", p)
		}
	}()
	return with.EncodeEntry(zapcore.Entry{Time: e.Time.UTC()}, []zapcore.Field{zap.Inline(e)})
}

// MarshalLogObject adds every member but the time.
func (e *entry) MarshalLogObject(to zapcore.ObjectEncoder) error {
	d := &e.Decision
	to.AddString("request_id", e.RequestID)
	to.AddString("decision", effect(!d.Allow))
	to.AddString("reason", d.Reason.String())
	optional(to, "rule", d.Rule.String())
	optional(to, "rule_name", d.RuleName)
	optional(to, "policy", d.Policy)
	optional(to, "route", d.Route)
	to.AddString("policy_digest", e.PolicyDigest)
	optional(to, "revocation_digest", e.RevocationDigest)
	optional(to, "caller", clip(e.Caller.String(), maxCaller))
	if e.Caller.Asserted() {
		to.AddBool("caller_asserted", true)
	}
	optional(to, "user", e.subject)
	optional(to, "provider", e.provider)
	optional(to, "client", e.client)
	optional(to, "bound", e.bound.String())
	if len(e.actors) > 0 {
		if err := to.AddArray("actors", e.actors); err != nil {
			return err
		}
	}
	to.AddString("method", e.Method)
	to.AddString("host", e.Host)
	to.AddInt64("latency_us", max(0, e.Latency.Microseconds()))
	optional(to, "detail", e.Detail)
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

func (all actors) MarshalLogArray(to zapcore.ArrayEncoder) error {
	for _, subject := range all {
		to.AppendString(subject)
	}
	return nil
}

func optional(to zapcore.ObjectEncoder, key, value string) {
	if value != "" {
		to.AddString(key, value)
	}
}

func effect(deny bool) string {
	if deny {
		return "deny"
	}
	return "allow"
}

// shadow is what the verdict would have been with every shadow rule enforced.
type shadow policy.Verdict

func (s *shadow) MarshalLogObject(to zapcore.ObjectEncoder) error {
	to.AddString("decision", effect(!s.Allow))
	to.AddString("reason", s.Reason.String())
	optional(to, "rule", s.Rule.String())
	optional(to, "rule_name", s.RuleName)
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
	optional(to, "name", e.Rule.Name())
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
