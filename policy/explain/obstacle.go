package explain

import (
	"slices"

	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
)

// An obstacle stands between a request and an allow: the credential is bad, a deny does not let it
// pass, or a part of a rule does not hold.
type obstacle struct {
	bad  bool
	deny bool // the rule is a deny
	rule *policy.Rule
	part policy.Part
}

// same says that two obstacles are one.
func (o obstacle) same(p obstacle) bool {
	return o.bad == p.bad && o.rule == p.rule && o.part.Conjunct == p.part.Conjunct && o.part.Header == p.part.Header
}

func firstOf(all, ignored []obstacle) (obstacle, bool) {
	for _, o := range all {
		if !slices.ContainsFunc(ignored, o.same) {
			return o, true
		}
	}
	return obstacle{}, false
}

// obstacles returns what stands between a request and a rule that would allow it, in the order in
// which it weighs.
func (s *search) obstacles(at *state, target *policy.Rule) []obstacle {
	var all []obstacle
	for _, r := range at.rules {
		if r.Rule.Effect() == policy.Deny && !r.Rule.Shadow() && (r.Matched() || !r.Told()) {
			all = append(all, obstacle{rule: r.Rule, deny: true})
		}
	}
	c := at.r.Request.Credential
	if len(at.reads) > 0 && c.User.IsZero() && c.Reason != reason.CredentialMissing {
		all = append(all, obstacle{bad: true})
	}
	for _, r := range at.rules {
		if r.Rule != target && (r.Rule.Effect() != policy.Require || r.Rule.Shadow()) {
			continue
		}
		for _, p := range r.Parts {
			if p.Outcome != policy.Held {
				all = append(all, obstacle{rule: r.Rule, part: p})
			}
		}
	}
	return all
}

// say says what is needed where nothing can be done mechanically.
func (o obstacle) say() string {
	switch {
	case o.bad:
		return "the credential is good"
	case o.deny:
		return "the deny " + nameOf(o.rule) + " does not match"
	case o.part.Conjunct == policy.OnWhen:
		return "the condition holds: " + wants(o.part)
	default:
		return "what is asked of " + o.part.Name() + " holds: " + wants(o.part)
	}
}

// ways returns edits of which each may take the obstacle away.
func (s *search) ways(at *state, target *policy.Rule, o obstacle) []edit {
	switch {
	case o.bad:
		return s.good(at)
	case !o.deny:
		return s.hold(at, o.part)
	}
	var all []edit
	for _, r := range at.rules {
		for _, p := range r.Parts {
			switch {
			case r.Rule == o.rule && p.Outcome != policy.Failed:
				all = append(all, s.fail(at, p)...)
			case r.Rule == target && p.Conjunct == policy.OnCallers:
				all = append(all, callers(p, at.r.Request.Caller.String())...)
			}
		}
	}
	return all
}

// nameOf is a rule's place, and its name when it has one.
func nameOf(r *policy.Rule) string {
	if r.Name() == "" {
		return r.Position().String()
	}
	return r.Position().String() + " (" + r.Name() + ")"
}
