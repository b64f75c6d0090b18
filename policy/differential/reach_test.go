package differential_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
)

// A mark is one thing that the generator must reach: a kind of thing, and which one of its kind.
type mark struct{ kind, one, more string }

func (m mark) String() string { return strings.TrimSpace(m.kind + " " + m.one + " " + m.more) }

// reached counts what was reached. The nil reached counts nothing.
type reached map[mark]int

func (r reached) note(kind, one, more string) {
	if r != nil {
		r[mark{kind, one, more}]++
	}
}

func (r reached) add(other reached) {
	for m, n := range other {
		r[m] += n
	}
}

// check fails the test for every mark that was not reached often enough.
func (r reached) check(t *testing.T, least int) {
	for _, m := range required() {
		if r[m] < least {
			t.Errorf("%q was reached %d times, of at least %d", m, r[m], least)
		}
	}
}

// list has every count, for the log.
func (r reached) list() string {
	var b strings.Builder
	for _, m := range slices.SortedFunc(maps.Keys(r), func(a, b mark) int { return strings.Compare(a.String(), b.String()) }) {
		fmt.Fprintf(&b, "%9d %s\n", r[m], m)
	}
	return b.String()
}

// What a rule is in a decision.
const (
	inAllow   = "allow"
	inDeny    = "deny"
	inRequire = "require"
)

func required() []mark {
	var all []mark
	add := func(kind string, more string, ones ...string) {
		for _, one := range ones {
			all = append(all, mark{kind, one, more})
		}
	}
	reasons := []reason.Code{
		reason.Allowed, reason.Onboarding, reason.BadHeader, reason.NoPolicy, reason.NoRoute, reason.DeniedByRule, reason.DeniedByGuardrail,
		reason.GuardrailNotMet, reason.CallerNotGranted, reason.NotGranted, reason.StepUp, reason.CredentialMissing,
	}
	for _, code := range append(reasons, faults...) {
		add("verdict", "", code.String())
	}
	for _, position := range []string{inAllow, inDeny, inRequire} {
		abouts := []string{"callers", "user", "subjects", "clients", "audiences", "scopes", "roles", "acr", "amr", "maxAge", "bound", "headers", "source", "when"}
		for _, about := range abouts {
			add(about, position, "holds", "fails")
		}
		add("headers", position, "unsure")
		add("when", position, "unsure")
		add("values", position, "one", "any", "all")
	}
	add("loading", "", "loads", "two templates overlap", "two routes match some of the same requests", "a policy repeats a route",
		"an onboarding of more than 90 days", "an unknown name", "params without a path")
	add("denied", "", "by a policy", "by a route", "by a guardrail")
	add("guardrail", "applies", "http", "grpc", "every request", "methods", "path", "hosts", "except", "to a call", "to an upgrade")
	add("guardrail", "is taken out", "http", "grpc", "workloads")
	add("guardrail", "guards the path of a call", "without a call")
	add("shadow", "", "would deny", "would allow", "is the same", "has another reason")
	add("onboarding", "", "alive", "expired", "at its end", "stopped by a guardrail", "stopped by a revocation", "stopped by CONNECT")
	add("route", "", "literal before variable", "variable before rest", "literal before rest", "trailing slash", "escapes", "merged",
		"merged with other variables", "host", "host before none", "host of another", "every method", "other method", "upgrade",
		"upgrade not asked for", "upgrade not offered", "call", "call of every method", "call before star", "exact overlap")
	add("no call", "", "content-type", "HTTP/1.1", "method", "query", "escapes", "two content-types", "upgrade", "path", "http route")
	add("caller", "", "none allowed", "asserted allowed", "by group", "by *", "by **", "by ID", "by anyone")
	add("credential", "", "not looked for", "missing", "good", "one of two", "of two providers")
	add("age", "", "at the bound", "just above")
	add("actors", "", "none", "the caller is the first", "the caller is only a later one", "somebody else")
	add("headers", "", "joined", "repeated", "list in a deny", "not UTF-8")
	add("source", "", "IPv4", "IPv6", "mapped", "unknown")
	return all
}

// answered notes what an answer shows of the question and the world.
func (r reached) answered(n *naive, a *answer) {
	if r == nil {
		return
	}
	r.note("verdict", a.reason.String(), "")
	r.shadow(a)
	r.onboarding(n, a)
	r.route(n)
	r.credential(n, a)
	if a.reason == reason.DeniedByRule {
		for _, s := range n.enforced().denies {
			if n.weigh(s) != fails {
				r.note("denied", map[bool]string{true: "by a policy", false: "by a route"}[s.ofPolicy], "")
			}
		}
	}
	if a.reason == reason.DeniedByGuardrail {
		r.note("denied", "by a guardrail", "")
	}
	if a.reason == reason.Allowed && n.q.Caller == "" {
		r.note("caller", "none allowed", "")
	}
	if a.reason == reason.Allowed && n.q.Asserted {
		r.note("caller", "asserted allowed", "")
	}
	for _, name := range headerNames {
		values := n.q.header(name)
		if n.q.Joined && len(values) > 0 {
			r.note("headers", "joined", "")
		}
		if len(values) > 1 {
			r.note("headers", "repeated", "")
		}
	}
}

func (r reached) shadow(a *answer) {
	switch s := a.shadow; {
	case s == nil:
	case a.allow && !s.allow:
		r.note("shadow", "would deny", "")
	case !a.allow && s.allow:
		r.note("shadow", "would allow", "")
	case a.reason != s.reason:
		r.note("shadow", "has another reason", "")
	default:
		r.note("shadow", "is the same", "")
	}
}

func (r reached) onboarding(n *naive, a *answer) {
	entries := 0
	for _, m := range n.w.Meshes {
		for _, o := range m.Onboarding {
			if anyMatches(o.Workloads, workload) {
				entries++
				if o.Until.Equal(n.q.Time) {
					r.note("onboarding", "at its end", "")
				}
			}
		}
	}
	alive := len(n.onboarding())
	switch {
	case alive > 0 && a.reason == reason.Onboarding:
		r.note("onboarding", "alive", "")
	case alive > 0 && !a.allow && n.credential.Reason == reason.TokenRevoked:
		r.note("onboarding", "stopped by a revocation", "")
	case alive > 0 && n.q.Method == "CONNECT":
		r.note("onboarding", "stopped by CONNECT", "")
	case alive > 0 && !a.allow && a.reason != reason.DeniedByRule && a.reason != reason.DeniedByGuardrail && a.reason != reason.BadHeader:
		r.note("onboarding", "stopped by a guardrail", "")
	case entries > 0 && alive == 0 && !a.allow:
		r.note("onboarding", "expired", "")
	}
}

func (r reached) credential(n *naive, a *answer) {
	c := n.credential
	switch {
	case len(a.providers) == 0:
		r.note("credential", "not looked for", "")
	case c.Reason == reason.CredentialMissing:
		r.note("credential", "missing", "")
	case c.User != nil:
		r.note("credential", "good", "")
	}
	if len(a.providers) > 1 && len(n.q.Tokens) > 1 {
		r.note("credential", "of two providers", "")
	}
	if len(a.providers) == 1 && len(n.q.Tokens) > 1 {
		r.note("credential", "one of two", "")
	}
}

// weighed notes what came of the parts of a rule where it stands.
func (r reached) weighed(s standing, q *question, conjuncts []conjunct) {
	if r == nil {
		return
	}
	position := s.position()
	for _, c := range conjuncts {
		r.note(c.about, c.is.String(), position)
	}
	for _, h := range s.rule.Headers {
		values := q.header(h.Name)
		switch {
		case h.holds(q, s.deny) != unsure:
		case slices.ContainsFunc(values, func(v string) bool { return !utf8.ValidString(v) }):
			r.note("headers", "not UTF-8", "")
		default:
			r.note("headers", "list in a deny", "")
		}
	}
	r.caller(s, q)
	r.actors(s, q)
	if len(s.rule.Source) > 0 {
		r.note("source", family(q.Source), "")
	}
	if u := s.rule.User; u != nil {
		for _, wish := range u.wishes() {
			if v := wish.value; v != nil {
				r.note("values", map[bool]string{true: "all", false: [...]string{"one", "any"}[min(len(v.Values)-1, 1)]}[v.All], position)
			}
		}
		for _, t := range q.Tokens {
			if age := q.Time.Sub(t.User.AuthTime); u.MaxAge > 0 && age == u.MaxAge {
				r.note("age", "at the bound", "")
			} else if u.MaxAge > 0 && age > u.MaxAge && age <= u.MaxAge+time.Second {
				r.note("age", "just above", "")
			}
		}
	}
}

// actors notes who acts for the users of a rule that reads that.
func (r reached) actors(s standing, q *question) {
	if s.rule.When == nil || !s.rule.When.mentions(actorsName) {
		return
	}
	for _, t := range q.Tokens {
		at := slices.IndexFunc(t.User.Actors, func(a identity.Actor) bool { return a.Subject == q.Caller })
		switch {
		case len(t.User.Actors) == 0:
			r.note("actors", "none", "")
		case at == 0:
			r.note("actors", "the caller is the first", "")
		case at > 0:
			r.note("actors", "the caller is only a later one", "")
		default:
			r.note("actors", "somebody else", "")
		}
	}
}

func (r reached) caller(s standing, q *question) {
	for _, c := range s.rule.Callers {
		switch {
		case !(standing{rule: &rule{Callers: []string{c}}, groups: s.groups}).names(q.Caller):
		case c == anyone:
			r.note("caller", "by anyone", "")
		case strings.HasPrefix(c, "group:"):
			r.note("caller", "by group", "")
		case strings.HasSuffix(c, "/**"):
			r.note("caller", "by **", "")
		case strings.Contains(c, "*"):
			r.note("caller", "by *", "")
		default:
			r.note("caller", "by ID", "")
		}
	}
}

func family(peer netip.Addr) string {
	switch {
	case !peer.IsValid():
		return "unknown"
	case peer.Is4In6():
		return "mapped"
	case peer.Is4():
		return "IPv4"
	}
	return "IPv6"
}
