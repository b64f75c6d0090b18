package policy

import (
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/condition"
	"github.com/postern/postern/policy/pattern"
)

// An Effect is what a rule does when it matches. The zero Effect denies.
type Effect uint8

// The effects.
const (
	Deny Effect = iota
	Allow
	Require // no allow counts unless it matches; guardrails alone have it
)

// String returns deny, allow or require.
func (e Effect) String() string {
	switch e {
	case Allow:
		return "allow"
	case Require:
		return "require"
	default:
		return "deny"
	}
}

// A Rule is one allow or deny, or that of a guardrail, compiled. It is a conjunction of what it
// names.
type Rule struct {
	at     place
	name   string
	effect Effect
	guard  bool // it is a guardrail's
	shadow bool
	named  Conjuncts
	anyone bool
	caller []pattern.Pattern
	user   *userRule // never nil, and shared with other rules, as the slices are
	header []headerRule
	source []netip.Prefix
	when   *condition.Condition
}

// Position returns where the rule stands.
func (r *Rule) Position() Position { return r.at.position() }

// Name returns the rule's name, or "" when it has none.
func (r *Rule) Name() string { return r.name }

// Effect returns what the rule does when it matches.
func (r *Rule) Effect() Effect { return r.effect }

// Guardrail says that the rule is a guardrail's, whose position and name it has.
func (r *Rule) Guardrail() bool { return r.guard }

// Shadow says that the rule is not enforced.
func (r *Rule) Shadow() bool { return r.shadow }

// Condition returns what the rule's when says, nil when it has none.
func (r *Rule) Condition() *condition.Condition { return r.when }

// Named returns the conjuncts that the rule names.
func (r *Rule) Named() Conjuncts { return r.named }

// userRule is what a rule asks of the user.
type userRule struct {
	providers []string
	subjects  values
	clients   values
	audiences values
	scopes    values
	roles     values
	acr       values
	amr       values
	maxAge    time.Duration
	bound     identity.Binding
}

// values asks for one value, any of several, or all of several.
type values struct {
	all  bool
	want []string
}

func (v values) heldBy(have []string) bool {
	has := func(s string) bool { return slices.Contains(have, s) }
	if v.all {
		return !slices.ContainsFunc(v.want, func(s string) bool { return !has(s) })
	}
	return slices.ContainsFunc(v.want, has)
}

func (v values) holds(have string) bool { return have != "" && slices.Contains(v.want, have) }

// headerRule asks for a header's values, or for its presence.
type headerRule struct {
	name    string
	present *bool
	values  values
}

// evaluate tells of every conjunct that the rule names whether it holds. It looks at all of
// them, so that the record can say which, but for a condition that can change nothing any more.
func (r *Rule) evaluate(q *Request, in *input) Evaluation {
	e := Evaluation{Rule: r}
	if r.named&OnCallers != 0 && r.holdsForCaller(q.Caller) {
		e.Held |= OnCallers
	}
	if r.named&OnUser != 0 {
		e.Held |= r.named & r.user.held(q.Credential.User, q.Time)
	}
	if r.named&OnHeaders != 0 {
		e.set(OnHeaders, r.headersHold(q.Headers))
	}
	if r.named&OnSource != 0 {
		e.set(OnSource, r.holdsForSource(q.Source))
	}
	if r.named&OnWhen != 0 {
		r.weighCondition(&e, q, in)
	}
	return e
}

func (e *Evaluation) set(bit Conjuncts, v verdict) {
	switch v {
	case matched:
		e.Held |= bit
	case erred:
		e.Erred |= bit
	case notMatched:
	}
}

// weighCondition evaluates the condition unless another conjunct is false already. In what
// allows, the user's conjuncts may be: then the condition decides which refusal is of help.
func (r *Rule) weighCondition(e *Evaluation, q *Request, in *input) {
	missing := r.named &^ e.Held &^ e.Erred &^ OnWhen
	if r.effect != Deny {
		missing &^= OnUser
	}
	if missing != 0 {
		e.Skipped |= OnWhen
		return
	}
	holds, err := r.when.Eval(in.of(q))
	switch {
	case err != nil:
		e.Erred |= OnWhen
		e.needsUser = r.when.ReadsUser() && q.Credential.User.IsZero()
	case holds:
		e.Held |= OnWhen
	}
}

func (r *Rule) holdsForCaller(c identity.Caller) bool {
	if r.anyone {
		return true
	}
	if c.IsZero() {
		return false
	}
	id := c.String()
	for i := range r.caller {
		if r.caller[i].Match(id) {
			return true
		}
	}
	return false
}

// holdsForSource cannot tell of a peer that Envoy has no address of, as on a Unix socket.
func (r *Rule) holdsForSource(addr netip.Addr) verdict {
	if !addr.IsValid() {
		return erred
	}
	addr = addr.Unmap()
	for _, p := range r.source {
		if p.Contains(addr) {
			return matched
		}
	}
	return notMatched
}

// held returns what of the requirement u meets, whether named or not. No user meets nothing.
func (w *userRule) held(u *identity.User, at time.Time) Conjuncts {
	if u.IsZero() {
		return 0
	}
	var c Conjuncts
	set := func(bit Conjuncts, holds bool) {
		if holds {
			c |= bit
		}
	}
	set(OnProvider, slices.Contains(w.providers, u.Provider))
	set(OnSubjects, w.subjects.holds(u.Subject))
	set(OnClients, w.clients.holds(u.Client))
	set(OnAudiences, w.audiences.heldBy(u.Audiences))
	set(OnScopes, w.scopes.heldBy(u.Scopes))
	set(OnRoles, w.roles.heldBy(u.Roles))
	set(OnACR, w.acr.holds(u.ACR))
	set(OnAMR, w.amr.heldBy(u.AMR))
	set(OnMaxAge, !u.AuthTime.IsZero() && at.Sub(u.AuthTime) <= w.maxAge)
	set(OnBound, w.bound != identity.BoundNot && u.Bound == w.bound)
	return c
}

// headersHold is the safe reading of a rule's headers: in an allow all values of a header
// must satisfy, in a deny any; a value that is not UTF-8 cannot be told.
func (r *Rule) headersHold(h Headers) verdict {
	v := matched
	for i := range r.header {
		v = min(v, r.header[i].holds(h, r.effect == Deny))
	}
	return v
}

func (w *headerRule) holds(h Headers, deny bool) verdict {
	if w.present != nil {
		_, n := h.First(w.name)
		return verdictOf(*w.present == (n > 0))
	}
	var few [4]string
	have := h.appendValues(few[:0], w.name)
	if slices.ContainsFunc(have, func(s string) bool { return !utf8.ValidString(s) }) {
		return erred
	}
	v := verdictOf(w.values.heldByHeader(have, deny))
	var more [16]string
	if v == notMatched && deny && w.values.heldBy(elements(more[:0], have)) {
		return erred
	}
	return v
}

// elements appends the values of a header to all, and what is between their commas: Envoy joins headers
// that it knows, in both encodings, so that a value with a comma may be two.
func elements(all, have []string) []string {
	all = append(all, have...)
	for _, value := range have {
		for e := range strings.SplitSeq(value, ",") {
			all = append(all, strings.Trim(e, " \t"))
		}
	}
	return all
}

// heldByHeader adds to heldBy that an allow tolerates no value beside those asked for.
func (v values) heldByHeader(have []string, deny bool) bool {
	if !v.heldBy(have) {
		return false
	}
	return deny || !slices.ContainsFunc(have, func(s string) bool { return !slices.Contains(v.want, s) })
}

func verdictOf(holds bool) verdict {
	if holds {
		return matched
	}
	return notMatched
}
