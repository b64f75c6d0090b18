package lint

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/condition"
	"github.com/postern/postern/policy/syntax"
)

// An effect is what a rule does when it matches.
type effect string

const (
	allow   effect = "allow"
	deny    effect = "deny"
	require effect = "require"
)

// A rule is one rule of a policy, a route or a guardrail.
type rule struct {
	at     syntax.Position
	name   string
	effect effect
	from   *syntax.Rule
	policy *servicePolicy // nil of a guardrail
	route  *route         // nil of a policy's deny and of a guardrail
	guard  *guardrail

	callers callers
	user    *user
	headers []header
	source  []netip.Prefix
	when    *condition.Condition // nil when it has none, or one that is wrong
	path    string               // the template whose variables the condition reads; "" for none
	named   policy.Conjuncts     // what the compiled rule names; 0 where nothing was compiled
	gone    bool                 // nothing would be missing without it
	noUser  bool                 // the condition reads the user, and there never is one
}

// A user is what a rule asks of the user. In a list of which any will do that is absent, all do.
type user struct {
	providers []string
	single    [3]*match // subjects, clients, acr: a user has one of each
	several   [4]*match // audiences, scopes, roles, amr
	maxAge    time.Duration
	bound     identity.Binding
}

// A match asks for one of several values, or for all of them.
type match struct {
	all  bool
	want []string // sorted
}

// A header asks for the values of a header, or for its presence.
type header struct {
	name    string
	present *bool
	match   *match
}

// A builder makes the rules of one place.
type builder struct {
	*world
	policy *servicePolicy
	route  *route
	guard  *guardrail
	path   string // of the route or guardrail
	params []condition.Param
}

func (b *builder) rules(from []syntax.Rule, e effect) []*rule {
	all := make([]*rule, 0, len(from))
	for i := range from {
		all = append(all, b.rule(&from[i], e))
	}
	return all
}

func (b *builder) rule(from *syntax.Rule, e effect) *rule {
	r := &rule{
		at: from.Position, name: from.Name.Value, effect: e, from: from, policy: b.policy, route: b.route, guard: b.guard,
		callers: b.callers(from.Callers), user: newUser(from.User),
	}
	for i := range from.Headers {
		h := &from.Headers[i]
		r.headers = append(r.headers, header{h.Name, h.Present, newMatch(h.Match)})
	}
	for _, p := range from.Source {
		r.source = append(r.source, p.Prefix)
	}
	if from.When != nil {
		// What is wrong with it keeps the policy from being loaded, and is reported as that.
		if c, err := b.compiler.Compile(from.When.Text, b.params); err == nil {
			r.when = c
		}
		if r.reads("params.") {
			r.path = b.path
		}
	}
	if r.user != nil {
		for _, name := range r.user.providers {
			if p := b.providers[name]; p != nil {
				p.used = true
			}
		}
	}
	return r
}

func (b *builder) callers(texts []syntax.Text) callers {
	c := callers{named: len(texts) > 0}
	var own []*id
	for _, t := range texts {
		group, isGroup := strings.CutPrefix(t.Value, "group:")
		switch {
		case t.Value == "anyone":
			c.anyone = true
		case isGroup && b.policy != nil && b.policy.groups[group] != nil:
			c.parts = append(c.parts, b.policy.groups[group])
		default:
			own = append(own, b.ids([]syntax.Text{t})...)
		}
	}
	if len(own) > 0 {
		c.parts = append(c.parts, newIDSet(own))
	}
	return c
}

func newUser(from *syntax.User) *user {
	if from == nil {
		return nil
	}
	u := &user{
		providers: sortedValues(from.Providers),
		single:    [3]*match{newMatch(from.Subjects), newMatch(from.Clients), newMatch(from.ACR)},
		several:   [4]*match{newMatch(from.Audiences), newMatch(from.Scopes), newMatch(from.Roles), newMatch(from.AMR)},
	}
	if from.MaxAge != nil {
		u.maxAge = from.MaxAge.Age
	}
	if from.Bound != nil {
		u.bound = from.Bound.To
	}
	return u
}

func newMatch(from *syntax.Match) *match {
	if from == nil {
		return nil
	}
	return &match{all: from.All, want: sortedValues(from.Values)}
}

func sortedValues(texts []syntax.Text) []string {
	all := values(texts)
	slices.Sort(all)
	return all
}

// understood are the conjuncts that are compared here. Whoever adds one to package policy adds it to
// rule, to every comparison, and then here: until then nothing is said of rules that name it.
const understood = policy.OnCallers | policy.OnProvider | policy.OnSubjects | policy.OnClients | policy.OnAudiences | policy.OnScopes |
	policy.OnRoles | policy.OnACR | policy.OnAMR | policy.OnMaxAge | policy.OnBound | policy.OnHeaders | policy.OnSource | policy.OnWhen

// isForeign says that the rule names a conjunct of which nothing is known here, so that it cannot be
// compared with any other.
func (r *rule) isForeign() bool { return r.named&^understood != 0 }

// learn takes from the compiled rules what each of them names. Of one that is not among them
// anything may be so; with nil nothing was compiled, and only what was read is known.
func (w *world) learn(compiled map[syntax.Position]policy.Conjuncts) {
	for _, r := range w.rules() {
		if named, found := compiled[r.at]; found {
			r.named = named
		} else if compiled != nil {
			r.named = ^policy.Conjuncts(0)
		}
	}
}

// enforced says that the rule takes part in verdicts.
func (r *rule) enforced() bool { return r.from.Shadow == nil }

// reads says that the condition reads a variable whose name begins so.
func (r *rule) reads(prefix string) bool {
	return r.when != nil && slices.ContainsFunc(r.when.Variables(), func(name string) bool { return strings.HasPrefix(name, prefix) })
}

// asksUser says that the rule holds for nobody without a user.
func (r *rule) asksUser() bool { return r.user != nil || r.when != nil && r.when.ReadsUser() }

// providerNames returns the providers whose credentials are read because of the rule.
func (r *rule) providerNames() []string {
	if r.user == nil {
		return nil
	}
	return r.user.providers
}

// headerNames returns the headers that are read because of the rule.
func (r *rule) headerNames() []string {
	var all []string
	for i := range r.headers {
		all = append(all, r.headers[i].name)
	}
	if r.when != nil {
		all = append(all, r.when.Headers()...)
	}
	return all
}

// seenFrom names the rule in a message about another place: the allow "reader", the deny in line 7.
func (r *rule) seenFrom(at syntax.Position) string {
	what := "the " + string(r.effect)
	switch {
	case r.guard != nil:
		what = "the guardrail"
	case r.route == nil:
		what = "the policy's deny"
	}
	switch {
	case r.name != "":
		return fmt.Sprintf("%s %q", what, r.name)
	case r.at.Source == at.Source && r.at.Line > 0:
		return fmt.Sprintf("%s in line %d", what, r.at.Line)
	default:
		return fmt.Sprintf("%s at %v", what, r.at)
	}
}
