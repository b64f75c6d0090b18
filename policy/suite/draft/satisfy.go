package draft

import (
	"slices"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// A rule is one rule as its document has it, with what its names stand for.
type rule struct {
	*syntax.Rule
	at      policy.Position // as decisions name it
	name    string
	callers []syntax.Text // patterns, groups replaced by theirs; nil for anyone
	anyone  bool
	effect  policy.Effect
	guard   bool
	label   string // what comments and tests call it
}

func newRule(from *syntax.Rule, effect policy.Effect, groups []syntax.Group) *rule {
	r := &rule{Rule: from, at: from.Position, name: from.Name.Value, effect: effect}
	for _, c := range from.Callers {
		i := slices.IndexFunc(groups, func(g syntax.Group) bool { return c.Value == "group:"+g.Name.Value })
		switch {
		case c.Value == "anyone":
			r.anyone = true
		case i >= 0:
			r.callers = append(r.callers, groups[i].Callers...)
		default:
			r.callers = append(r.callers, c)
		}
	}
	return r
}

// takesCaller says that the rule's callers, if it names any, hold for this one.
func (r *rule) takesCaller(id string) bool {
	return r.anyone || len(r.callers) == 0 || id != "" && matches(r.callers, id)
}

// satisfy changes a wish so that, as far as one request can, every rule matches it.
func (a *author) satisfy(w *wish, rules []*rule) {
	satisfyCaller(w, rules)
	satisfySource(w, rules)
	a.satisfyUser(w, rules)
	for _, r := range rules {
		for _, h := range r.Headers {
			satisfyHeader(w, h)
		}
		if r.When != nil {
			satisfyCondition(w, r.When.Text)
		}
	}
}

func satisfyCaller(w *wish, rules []*rule) {
	candidates := []string{w.caller}
	for _, r := range rules {
		for _, c := range r.callers {
			candidates = append(candidates, example(c.Value))
		}
	}
	for _, id := range candidates {
		if !slices.ContainsFunc(rules, func(r *rule) bool { return !r.takesCaller(id) }) {
			w.caller = id
			return
		}
	}
	w.caller = candidates[len(candidates)-1]
}

func satisfySource(w *wish, rules []*rule) {
	var candidates []syntax.Prefix
	for _, r := range rules {
		candidates = append(candidates, r.Source...)
	}
	for i, p := range candidates {
		addr := address(p.Prefix)
		if i == 0 || !slices.ContainsFunc(rules, func(r *rule) bool { return len(r.Source) > 0 && !contains(r.Source, addr) }) {
			w.source = addr
		}
	}
}

// satisfyUser makes the user whom all of the rules ask for, and leaves the one there is to those
// who ask for none.
func (a *author) satisfyUser(w *wish, rules []*rule) {
	var asks []*syntax.User
	for _, r := range rules {
		if r.User != nil {
			asks = append(asks, r.User)
		}
	}
	if len(asks) == 0 {
		return
	}
	if w.user == nil {
		w.user = &person{}
	}
	p := w.user
	p.provider = common(asks, func(u *syntax.User) []syntax.Text { return u.Providers })
	if known := a.providers[p.provider]; known != nil {
		p.domain = known.Terms().TrustDomain
	}
	p.subject = common(asks, func(u *syntax.User) []syntax.Text { return valuesOf(u.Subjects) })
	p.client = common(asks, func(u *syntax.User) []syntax.Text { return valuesOf(u.Clients) })
	p.acr = common(asks, func(u *syntax.User) []syntax.Text { return valuesOf(u.ACR) })
	for _, u := range asks {
		p.scopes = with(p.scopes, u.Scopes)
		p.roles = with(p.roles, u.Roles)
		p.amr = with(p.amr, u.AMR)
		p.audiences = with(p.audiences, u.Audiences)
		if u.MaxAge != nil && (p.authAge == nil || u.MaxAge.Age < *p.authAge) {
			p.authAge = &u.MaxAge.Age
		}
		if u.Bound != nil {
			p.bound = u.Bound.To.String()
		}
	}
	if p.bound != "" && w.caller == "" {
		w.caller = boundCaller
	}
	if p.audiences != nil {
		p.audiences = accepted(p.audiences, a.providers[p.provider])
	}
}

// accepted adds an audience that the provider takes, where there is none.
func accepted(audiences []string, p *identity.Provider) []string {
	if p == nil {
		return audiences
	}
	taken := p.Terms().Audiences
	if len(taken) == 0 || slices.ContainsFunc(audiences, func(s string) bool { return slices.Contains(taken, s) }) {
		return audiences
	}
	return append(audiences, taken[0])
}

// common returns a value that all who ask for one take; if there is none, one that the first
// takes.
func common(asks []*syntax.User, of func(*syntax.User) []syntax.Text) string {
	first := ""
	for _, u := range asks {
		for _, candidate := range of(u) {
			if first == "" {
				first = candidate.Value
			}
			refuses := func(o *syntax.User) bool {
				return len(of(o)) > 0 && !slices.ContainsFunc(of(o), func(t syntax.Text) bool { return t.Value == candidate.Value })
			}
			if !slices.ContainsFunc(asks, refuses) {
				return candidate.Value
			}
		}
	}
	return first
}

func valuesOf(m *syntax.Match) []syntax.Text {
	if m == nil {
		return nil
	}
	return m.Values
}

// with adds to what there is what a match asks for.
func with(have []string, m *syntax.Match) []string {
	if m == nil {
		return have
	}
	want := m.Values
	if !m.All {
		if slices.ContainsFunc(want, func(t syntax.Text) bool { return slices.Contains(have, t.Value) }) {
			return have
		}
		want = want[:1]
	}
	have = slices.Clone(have)
	for _, t := range want {
		if !slices.Contains(have, t.Value) {
			have = append(have, t.Value)
		}
	}
	return have
}

func satisfyHeader(w *wish, h syntax.Header) {
	var values []string
	switch {
	case h.Present != nil && !*h.Present:
		delete(w.headers, h.Name)
		return
	case h.Present != nil:
		if w.headers[h.Name] != nil {
			return
		}
		values = []string{"x"}
	case h.Match.All:
		values = with(nil, h.Match)
	default:
		if slices.ContainsFunc(h.Match.Values, func(t syntax.Text) bool { return slices.Contains(w.headers[h.Name], t.Value) }) {
			return
		}
		values = with(nil, h.Match)
	}
	w.setHeader(h.Name, values)
}

func (w *wish) setHeader(name string, values []string) {
	if w.headers == nil {
		w.headers = map[string][]string{}
	}
	w.headers[name] = values
}

// year is the greatest age that a test can say.
const year = 365 * 24 * time.Hour
