package explain

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/condition"
	"github.com/postern/postern/policy/syntax"
)

// How much of a condition is tried.
const (
	maxClaims = 4
	maxTries  = 12
)

// claimNames returns the claims that a condition mentions by their names.
func claimNames(text string) []string {
	var names []string
	for _, m := range regexp.MustCompile(`user\.claims\.\??([A-Za-z_][A-Za-z0-9_]*)`).FindAllStringSubmatch(text, -1) {
		if !slices.Contains(names, m[1]) && len(names) < maxClaims {
			names = append(names, m[1])
		}
	}
	return names
}

// assigned returns edits that give a claim that a condition mentions one of the values that the
// condition saw or has in its text, or a segment of the path. Whether that makes it hold is found by trying.
func (s *search) assigned(at *state, p policy.Part) []edit {
	if at.r.Request.Credential.User.IsZero() {
		return nil
	}
	text := strings.Join(p.Wants, "")
	seen := text
	for _, o := range at.observed(p) {
		seen += " " + o.Value
	}
	var all []edit
	for _, name := range claimNames(text) {
		for _, v := range literals(seen, at.r.Request.Path.Segments()) {
			claim := syntax.TestClaim{Name: syntax.Text{Value: name}, Value: v}
			all = append(all, setClaims(fmt.Sprintf("the claim %s is %s", name, asJSON(v)), func(u *syntax.TestUser) { u.Claims = append(u.Claims, claim) }, []string{name}))
		}
	}
	return all
}

// observed returns what the condition of a part saw.
func (s *state) observed(p policy.Part) []condition.Observation {
	r, ok := s.ruleOf(p)
	if !ok {
		return nil
	}
	seen := r.Rule.Trace(&s.r.Request)
	seen.Observe(&s.r.Request)
	return seen.Parts[len(seen.Parts)-1].Observed // when is the last conjunct
}

// ruleOf returns the rule of a part that is a condition.
func (s *state) ruleOf(p policy.Part) (policy.RuleTrace, bool) {
	for _, r := range s.rules {
		if c := r.Rule.Condition(); c != nil && slices.Equal(p.Wants, []string{c.Text()}) {
			return r, true
		}
	}
	return policy.RuleTrace{}, false
}

// later returns edits of the time of a request, if a condition reads it: by hours and by days.
func later(at *state, p policy.Part) []edit {
	r, ok := at.ruleOf(p)
	if !ok || !slices.Contains(r.Rule.Condition().Variables(), "request.time") {
		return nil
	}
	now := at.r.Request.Time
	var all []edit
	for h := 1; h < 24; h++ {
		t := now.Add(time.Duration(h) * time.Hour)
		all = append(all, setTime("it is another time of the day, as "+t.Format(timeFormat), t))
	}
	for d := 1; d < 7; d++ {
		t := now.AddDate(0, 0, d)
		all = append(all, setTime("it is another day, as "+t.Format(timeFormat), t))
	}
	return all
}

// unclaimed returns edits that take away a claim that a condition mentions.
func (s *search) unclaimed(p policy.Part) []edit {
	var all []edit
	for _, name := range claimNames(strings.Join(p.Wants, "")) {
		all = append(all, setClaims("the claim "+name+" is missing", func(*syntax.TestUser) {}, []string{name}))
	}
	return all
}

// literals returns the strings, numbers and truths that stand in a text, as JSON has them, and
// some more strings.
func literals(text string, more []string) []any {
	var all []any
	add := func(v any) {
		if !slices.Contains(all, v) && len(all) < maxTries {
			all = append(all, v)
		}
	}
	for _, m := range regexp.MustCompile(`"[^"\\]{0,200}"|'[^'\\]{0,200}'|-?\b\d{1,15}(?:\.\d{1,9})?\b|\btrue\b|\bfalse\b`).FindAllString(text, -1) {
		switch c := m[0]; {
		case c == '"' || c == '\'':
			add(m[1 : len(m)-1])
		case c == 't' || c == 'f':
			add(m == "true")
		case json.Valid([]byte(m)):
			add(json.Number(m))
		}
	}
	for _, s := range more {
		add(s)
	}
	return all
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "another"
	}
	return show(string(text))
}
