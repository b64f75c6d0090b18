package lint

import (
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax"
)

// soon is how long before a date passes it is said that it will.
const soon = 14 * 24 * time.Hour

// checkDates finds what ends soon, and what is over.
func (w *world) checkDates() {
	for _, r := range w.rules() {
		if r.from.Shadow != nil {
			w.checkShadowDate(r)
		}
	}
	for _, o := range w.onboarding {
		switch left := o.Until.Sub(w.now); {
		case o.Until.IsZero():
		case left <= 0:
			w.addAt(OnboardingExpired, o.Position, "this onboarding is over since %s and does nothing: take it out", day(o.Until))
		case left <= soon:
			w.addAt(OnboardingExpiring, o.Position, "this onboarding ends on %s: what only it lets through is denied from then on", day(o.Until))
		}
	}
	for _, r := range w.revocations {
		for _, e := range r.Entries {
			at := positionOf(e.At)
			switch left := e.Until.Sub(w.now); {
			case e.Until.IsZero():
			case left <= 0:
				w.addAt(RevocationExpired, at, "this revocation is over since %s and cuts nothing off: take it out", day(e.Until))
			case left <= soon && outlasts(e):
				w.addAt(RevocationExpiring, at, "this revocation ends on %s: from then on what it cuts off is let in again", day(e.Until))
			}
		}
	}
}

// outlasts says that what a revocation cuts off does not end by itself: a workload, a key, a person
// who can get another token. Tokens, sessions and certificates expire.
func outlasts(e identity.RevocationEntry) bool {
	return len(e.Callers)+len(e.KeyIDs) > 0 || len(e.Subjects) > 0 && e.IssuedBefore.IsZero()
}

func (w *world) checkShadowDate(r *rule) {
	s := r.from.Shadow
	switch left := s.Until.Sub(w.now); {
	case s.Until.IsZero():
		w.add(ShadowWithoutEnd, r, "this rule is in shadow, and nothing says until when: write shadow: {until: …}, by when somebody looks at the records and decides").at(s.Position)
	case left <= 0:
		w.add(ShadowExpired, r, "this rule was to be in shadow until %s: enforce it, take it out, or say until when", day(s.Until)).at(s.Position)
	case left <= soon:
		w.add(ShadowExpiring, r, "this rule is in shadow until %s: look at the records and decide", day(s.Until)).at(s.Position)
	}
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// positionOf reads a position as it is written: incident.yaml:7:5.
func positionOf(text string) syntax.Position {
	rest, column, ok := cutLast(text)
	source, line, both := cutLast(rest)
	if !ok || !both {
		return syntax.Position{Source: text}
	}
	return syntax.Position{Source: source, Line: line, Column: column}
}

func cutLast(text string) (before string, number int, ok bool) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return text, 0, false
	}
	number, err := strconv.Atoi(text[i+1:])
	return text[:i], number, err == nil && number > 0
}
