package record

import (
	"fmt"
	"strconv"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy"
)

// encode appends the line of a record. A panic is an error: it must cost one record and not the
// process; to is then as it was.
//
// It is written here and not by a library since every check pays for it. A test compares each line
// with zap's.
func encode(to []byte, r *Record) (out []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = to, fmt.Errorf("encoding the record panicked with a %T", p)
		}
	}()
	return append(line(append(to, '{')).record(r), '}', '\n'), nil
}

func (l line) record(r *Record) line {
	d, began := &r.Decision, r.Time
	if began.IsZero() {
		began = time.Now()
	}
	l = l.time("time", began).
		text("request_id", clip(r.RequestID, maxID)).
		text("decision", effect(!d.Allow)).
		text("reason", d.Reason.String())
	l = l.position("rule", d.Rule).
		optional("rule_name", d.RuleName).
		optional("policy", d.Policy).
		optional("route", d.Route).
		text("policy_digest", clip(r.PolicyDigest, maxID)).
		optional("revocation_digest", clip(r.RevocationDigest, maxID))
	l = l.caller(&r.Caller).user(r.User).
		text("method", clip(r.Method, maxMethod)).
		text("host", clip(r.Host, maxHost)).
		number("latency_us", max(0, r.Latency.Microseconds())).
		optional("detail", clip(r.Detail, maxDetail))
	if d.Shadow != nil {
		l = l.shadow(d.Shadow)
	}
	if len(d.Rules) > 0 {
		l = l.rules(d.Rules)
	}
	return l
}

func (l line) caller(c *identity.Caller) line {
	l = l.optional("caller", clip(c.String(), maxCaller))
	if c.Asserted() {
		l = l.bool("caller_asserted", true)
	}
	return l
}

func (l line) user(u *identity.User) line {
	if u.IsZero() {
		return l
	}
	l = l.optional("user", clip(u.Subject, maxUser)).
		optional("provider", clip(u.Provider, maxUser)).
		optional("client", clip(u.Client, maxUser)).
		optional("bound", u.Bound.String())
	actors := u.Actors[:min(len(u.Actors), identity.MaxActors)]
	for i := range actors {
		if i == 0 {
			l = append(l.name("actors"), '[')
		} else {
			l = append(l, ',')
		}
		l = l.string(clip(actors[i].Subject, maxUser))
	}
	if len(actors) > 0 {
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
