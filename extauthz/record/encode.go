package record

import (
	"fmt"
	"strconv"

	"github.com/postern/postern/policy"
)

// encode appends the line of an entry. A panic is an error: it must cost one record and not the
// process; to is then as it was.
//
// It is written here and not by a library since every check pays for it. A test compares each line
// with zap's.
func encode(to []byte, e *entry) (out []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = to, fmt.Errorf("encoding the record panicked with a %T", p)
		}
	}()
	return append(line(append(to, '{')).entry(e), '}', '\n'), nil
}

func (l line) entry(e *entry) line {
	d := &e.Decision
	l = l.time("time", e.Time).
		text("request_id", e.RequestID).
		text("decision", effect(!d.Allow)).
		text("reason", d.Reason.String())
	l = l.position("rule", d.Rule).
		optional("rule_name", d.RuleName).
		optional("policy", d.Policy).
		optional("route", d.Route).
		text("policy_digest", e.PolicyDigest).
		optional("revocation_digest", e.RevocationDigest)
	l = l.who(e).
		text("method", e.Method).
		text("host", e.Host).
		number("latency_us", max(0, e.Latency.Microseconds())).
		optional("detail", e.Detail)
	if d.Shadow != nil {
		l = l.shadow(d.Shadow)
	}
	if len(d.Rules) > 0 {
		l = l.rules(d.Rules)
	}
	return l
}

// who says which caller and which user were proven.
func (l line) who(e *entry) line {
	l = l.optional("caller", clip(e.Caller.String(), maxCaller))
	if e.Caller.Asserted() {
		l = l.bool("caller_asserted", true)
	}
	l = l.optional("user", e.subject).
		optional("provider", e.provider).
		optional("client", e.client).
		optional("bound", e.bound.String())
	for i, subject := range e.actors {
		if i == 0 {
			l = append(l.name("actors"), '[')
		} else {
			l = append(l, ',')
		}
		l = l.string(subject)
	}
	if len(e.actors) > 0 {
		l = append(l, ']')
	}
	return l
}

func effect(deny bool) string {
	if deny {
		return "deny"
	}
	return "allow"
}

// position appends a place, if it is one: as p.String, without the string where that is usual.
func (l line) position(name string, p policy.Position) line {
	if p.Line <= 0 {
		return l.optional(name, p.String())
	}
	l = l.text(name, p.Source)
	l = strconv.AppendInt(append(l[:len(l)-1], ':'), int64(p.Line), 10)
	return append(strconv.AppendInt(append(l, ':'), int64(p.Column), 10), '"')
}

// shadow says what the verdict would have been with every shadow rule enforced.
func (l line) shadow(s *policy.Verdict) line {
	l = append(l.name("shadow"), '{')
	l = l.text("decision", effect(!s.Allow)).
		text("reason", s.Reason.String()).
		position("rule", s.Rule).
		optional("rule_name", s.RuleName)
	return append(l, '}')
}

func (l line) rules(all []policy.Evaluation) line {
	l = append(l.name("rules"), '[')
	for i := range all {
		if i > 0 {
			l = append(l, ',')
		}
		l = append(l.rule(&all[i]), '}')
	}
	return append(l, ']')
}

// rule appends what came of one rule, up to its last brace.
func (l line) rule(e *policy.Evaluation) line {
	l = append(l, '{')
	l = l.position("rule", e.Rule.Position()).
		optional("name", e.Rule.Name()).
		text("effect", e.Rule.Effect().String())
	if e.Rule.Guardrail() {
		l = l.bool("guardrail", true)
	}
	if e.Rule.Shadow() {
		l = l.bool("shadow", true)
	}
	l = append(l.name("conjuncts"), '{')
	for name, bit := range e.Rule.Named().Each {
		switch {
		case e.Erred&bit != 0:
			l = l.text(name, "error")
		case e.Skipped&bit != 0:
			l = l.text(name, "skipped")
		default:
			l = l.bool(name, e.Held&bit != 0)
		}
	}
	return append(l, '}')
}
