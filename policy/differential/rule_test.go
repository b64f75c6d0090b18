package differential_test

import (
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/postern/postern/identity"
)

// An outcome is what comes of a conjunct, or of a rule.
type outcome int

const (
	fails outcome = iota
	unsure
	holds
)

func (o outcome) String() string { return [...]string{"fails", "unsure", "holds"}[o] }

func outcomeOf(is bool) outcome {
	if is {
		return holds
	}
	return fails
}

// A conjunct is one part of a rule.
type conjunct struct {
	about    string // the field, or that of the user
	is       outcome
	needUser bool // a condition of which the user is a part
}

// A standing is a rule where it stands.
type standing struct {
	rule     *rule
	deny     bool
	require  bool     // a guardrail's
	ofPolicy bool     // a deny for every request
	path     template // whose variables are the condition's params
	groups   []group
}

// position is what the rule does.
func (s standing) position() string {
	switch {
	case s.deny:
		return inDeny
	case s.require:
		return inRequire
	}
	return inAllow
}

// conjuncts weighs every part of the rule.
func (s standing) conjuncts(q *question, user *identity.User) []conjunct {
	r := s.rule
	var all []conjunct
	add := func(about string, is outcome) { all = append(all, conjunct{about: about, is: is}) }
	if len(r.Callers) > 0 {
		add("callers", outcomeOf(s.names(q.Caller)))
	}
	if r.User != nil {
		all = append(all, r.User.conjuncts(q.Time, user)...)
	}
	for _, h := range r.Headers {
		add("headers", h.holds(q, s.deny))
	}
	if len(r.Source) > 0 {
		add("source", inRanges(r.Source, q.Source))
	}
	if r.When != nil {
		is, ok := scene{q: q, path: s.path, user: user}.truth(r.When)
		c := conjunct{about: "when", is: outcomeOf(is), needUser: r.When.mentions("user.")}
		if !ok {
			c.is = unsure
		}
		all = append(all, c)
	}
	return all
}

// weigh says what comes of a conjunction: a part that fails beats one that cannot be told.
func weigh(conjuncts []conjunct) outcome {
	is := holds
	for _, c := range conjuncts {
		is = min(is, c.is)
	}
	return is
}

// names says that the callers of the rule have this one, or that there is nobody they leave out.
func (s standing) names(caller string) bool {
	for _, c := range s.rule.Callers {
		if c == anyone || patternMatches(c, caller) {
			return true
		}
		for _, g := range s.groups {
			if c == "group:"+g.Name && anyMatches(g.Callers, caller) {
				return true
			}
		}
	}
	return false
}

func (u *userWish) conjuncts(now time.Time, user *identity.User) []conjunct {
	if user == nil {
		return []conjunct{{about: "user"}}
	}
	all := []conjunct{{about: "user", is: outcomeOf(slices.Contains(u.Providers, user.Provider))}}
	own := [][]string{{user.Subject}, one(user.Client), user.Audiences, user.Scopes, user.Roles, one(user.ACR), user.AMR}
	for i, wish := range u.wishes() {
		if wish.value != nil {
			all = append(all, conjunct{about: wish.field, is: outcomeOf(wish.value.holds(own[i]))})
		}
	}
	if u.MaxAge > 0 {
		recent := !user.AuthTime.IsZero() && now.Sub(user.AuthTime) <= u.MaxAge
		all = append(all, conjunct{about: "maxAge", is: outcomeOf(recent)})
	}
	if u.Bound {
		all = append(all, conjunct{about: "bound", is: outcomeOf(user.Bound == identity.BoundMTLS)})
	}
	return all
}

// one is the list of a value that may be missing.
func one(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// holds says that the values have any, or all, of those wished for.
func (v *valueWish) holds(own []string) bool {
	has := func(value string) bool { return slices.Contains(own, value) }
	if v.All {
		return !slices.ContainsFunc(v.Values, func(value string) bool { return !has(value) })
	}
	return slices.ContainsFunc(v.Values, has)
}

// holds weighs a header. In an allow every value sent must be one of those wished for; in a deny
// one is enough, and one that is an element of a list cannot be told.
func (h headerWish) holds(q *question, deny bool) outcome {
	values := q.header(h.Name)
	switch {
	case h.Value == nil:
		return outcomeOf(h.Present == (len(values) > 0))
	case slices.ContainsFunc(values, func(v string) bool { return !utf8.ValidString(v) }):
		return unsure
	case !deny:
		stray := slices.ContainsFunc(values, func(v string) bool { return !slices.Contains(h.Value.Values, v) })
		return outcomeOf(h.Value.holds(values) && !stray)
	case h.Value.holds(values):
		return holds
	case h.Value.holds(append(values, listed(values)...)):
		return unsure
	}
	return fails
}

// listed are the elements of values that are lists.
func listed(values []string) []string {
	var all []string
	for _, v := range values {
		for element := range strings.SplitSeq(v, ",") {
			all = append(all, strings.Trim(element, " \t"))
		}
	}
	return all
}

func inRanges(ranges []string, peer netip.Addr) outcome {
	if !peer.IsValid() {
		return sourceUnknown
	}
	return outcomeOf(slices.ContainsFunc(ranges, func(r string) bool { return netip.MustParsePrefix(r).Contains(peer.Unmap()) }))
}
