package differential_test

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/postern/postern/policy"
)

// How many worlds each property is tried on, and how many questions each is asked.
const (
	propertyWorlds    = 100
	propertyQuestions = 50
)

type (
	// A change makes another world of one, which it does not modify; nil when there is nothing
	// to change.
	change func(*generator, *world) *world

	// A trial says what is wrong with how two worlds answer one question; "" for nothing.
	trial func(t *testing.T, before, after compiled, q *question) string
)

// eachPair tries worlds that load, and what was made of them. asks is for the generator.
func eachPair(t *testing.T, asks bool, change change, try trial) {
	t.Helper()
	t.Parallel()
	worlds := 0
	for seed := uint64(1 << 32); worlds < propertyWorlds; seed++ {
		g := newGenerator(seed)
		g.asks = asks
		before := compile(g.world())
		if before.err != nil {
			continue
		}
		changed := change(g, before.world)
		if changed == nil {
			continue
		}
		after := compile(changed)
		if after.err != nil {
			t.Fatalf("seed %d: what was changed does not load: %v\n%s", seed, after.err, after.text.text.String())
		}
		worlds++
		for range propertyQuestions {
			q := g.question(changed)
			if why := try(t, before, after, q); why != "" {
				t.Fatalf("seed %d: %s\n%s\nbefore:\n%s\nafter:\n%s", seed, why, q, before.text.text.String(), after.text.text.String())
			}
		}
	}
}

// shuffle changes the order of a list.
func shuffle[T any](d *dice, list []T) {
	for i := range list {
		k := i + d.n(len(list)-i)
		list[i], list[k] = list[k], list[i]
	}
}

// TestOrderAndRepetitionChangeNothing moves documents, routes, rules and the values of lists, and
// repeats rules.
func TestOrderAndRepetitionChangeNothing(t *testing.T) {
	moved := 0
	eachPair(t, false, func(g *generator, w *world) *world {
		w = clone(w)
		shuffle(g.dice, w.Services)
		shuffle(g.dice, w.Meshes)
		for _, s := range w.Services {
			shuffle(g.dice, s.Routes)
			shuffle(g.dice, s.Groups)
			s.Deny = g.moved(s.Deny)
			for _, r := range s.Routes {
				r.Allow, r.Deny = g.moved(r.Allow), g.moved(r.Deny)
			}
		}
		for _, m := range w.Meshes {
			shuffle(g.dice, m.Guardrails)
			shuffle(g.dice, m.Onboarding)
			for _, r := range m.Guardrails {
				shuffle(g.dice, r.Except)
			}
		}
		return w
	}, func(t *testing.T, before, after compiled, q *question) string {
		x, y := before.outcome(t, q), after.outcome(t, q)
		if x.rule != y.rule {
			moved++ // which of several rules is named may differ
		}
		x.rule, y.rule = 0, 0
		return unlike(x, y)
	})
	if moved == 0 {
		t.Error("nothing was moved that shows")
	}
}

// moved returns the rules in another order, one of them perhaps twice.
func (g *generator) moved(rules []*rule) []*rule {
	if len(rules) > 0 && g.one(2) {
		again := clone(pick(g.dice, rules...))
		again.Name = "" // no two rules have one name
		rules = append(rules, again)
	}
	for _, r := range rules {
		shuffle(g.dice, r.Callers)
		shuffle(g.dice, r.Headers)
		shuffle(g.dice, r.Source)
	}
	shuffle(g.dice, rules)
	return rules
}

// What was decided is all of a decision that does not depend on where its rules stand.
type decided struct {
	Allow      bool
	Reason     string
	Challenge  policy.Challenge
	RetryAfter int
	Policy     string
	Route      string
	Providers  []string
	Shadow     string // the verdict of the rules in shadow
	rule       int    // the ID of the one that decided
}

func (c compiled) outcome(t *testing.T, q *question) decided {
	t.Helper()
	providers, d := c.decide(t, q)
	o := decided{
		Allow: d.Allow, Reason: d.Reason.String(), Challenge: d.Challenge, RetryAfter: d.RetryAfter, Policy: d.Policy, Route: d.Route,
		Providers: providers, rule: c.text.id(d.Rule.Line),
	}
	slices.Sort(o.Challenge.ACR)
	if d.Shadow != nil {
		o.Shadow = said(d.Shadow.Allow, d.Shadow.Reason)
	}
	return o
}

func unlike(x, y decided) string {
	if reflect.DeepEqual(x, y) {
		return ""
	}
	return fmt.Sprintf("%+v\n%+v", x, y)
}

// TestAnAllowNeverDenies adds one to a route that reads the same providers without it. Where Envoy
// joins repeated headers one that reads another header denies a request that has a comma there.
func TestAnAllowNeverDenies(t *testing.T) {
	more := 0
	eachPair(t, false, func(g *generator, w *world) *world {
		w = clone(w)
		all := w.places()
		if len(all) == 0 {
			return nil
		}
		p := pick(g.dice, all...)
		g.path, g.groups = nil, p.service.Groups
		if p.route.HTTP != nil {
			g.path = p.route.HTTP.Path
		}
		added := g.allow()
		p.route.Allow = append(p.route.Allow, added)
		if !added.When.readable(g.path) {
			return nil
		}
		return w
	}, func(t *testing.T, before, after compiled, q *question) string {
		x, y := before.outcome(t, q), after.outcome(t, q)
		if !slices.Equal(x.Providers, y.Providers) || q.Joined {
			return ""
		}
		if !x.Allow && y.Allow {
			more++
		}
		if x.Allow && !y.Allow {
			return "an allow more, and it is denied: " + unlike(x, y)
		}
		return ""
	})
	if more == 0 {
		t.Error("no allow allowed more")
	}
}

// TestADenyNeverAllows adds a deny to a policy, a route or a guardrail, or a requirement. No
// rule may have a condition on a user whom it does not ask for: it would see one as soon as another
// rule has a credential read, so that even a deny could make it true.
func TestADenyNeverAllows(t *testing.T) {
	more := 0
	eachPair(t, true, func(g *generator, w *world) *world {
		w = clone(w)
		all := w.places()
		if len(all) == 0 {
			return nil
		}
		p := pick(g.dice, all...)
		g.path, g.groups = nil, p.service.Groups
		added := g.deny()
		switch g.n(4) {
		case 0:
			p.service.Deny = append(p.service.Deny, added)
		case 1:
			p.route.Deny = append(p.route.Deny, added)
		default:
			added.Name = ""
			m := &mesh{Name: g.label("m"), Guardrails: []*guardrail{g.guardrail()}}
			w.Meshes = append(w.Meshes, m)
		}
		if w.conditionsLoad() != "" {
			return nil
		}
		return w
	}, func(t *testing.T, before, after compiled, q *question) string {
		x, y := before.outcome(t, q), after.outcome(t, q)
		if x.Allow && !y.Allow {
			more++
		}
		if !x.Allow && y.Allow {
			return "a deny more, and it is allowed: " + unlike(x, y)
		}
		return ""
	})
	if more == 0 {
		t.Error("no deny denied more")
	}
}

// rules are all that stand in the documents.
func (w *world) rules() []*rule {
	var all []*rule
	for _, s := range w.Services {
		all = append(all, s.Deny...)
		for _, r := range s.Routes {
			all = slices.Concat(all, r.Allow, r.Deny)
		}
	}
	for _, m := range w.Meshes {
		for _, g := range m.Guardrails {
			all = append(all, g.rule())
		}
	}
	return all
}

// TestAShadowChangesNothing takes every rule in shadow away.
func TestAShadowChangesNothing(t *testing.T) {
	eachPair(t, false, func(_ *generator, w *world) *world {
		w = clone(w)
		enforced := func(rules []*rule) []*rule { return keep(rules, func(r *rule) bool { return !r.Shadow }) }
		for _, s := range w.Services {
			s.Deny = enforced(s.Deny)
			for _, r := range s.Routes {
				r.Allow, r.Deny = enforced(r.Allow), enforced(r.Deny)
			}
		}
		for _, m := range w.Meshes {
			m.Guardrails = keep(m.Guardrails, func(g *guardrail) bool { return !g.rule().Shadow })
		}
		w.Meshes = keep(w.Meshes, func(m *mesh) bool { return len(m.Guardrails)+len(m.Onboarding) > 0 })
		return w
	}, func(t *testing.T, before, after compiled, q *question) string {
		x, y := before.outcome(t, q), after.outcome(t, q)
		if y.Shadow != "" {
			return "without a rule in shadow there is a verdict of theirs"
		}
		x.Shadow = ""
		return unlike(x, y)
	})
}

// TestDecidingIsPure has several decide the same at once, more than once.
func TestDecidingIsPure(t *testing.T) {
	eachPair(t, false, func(_ *generator, w *world) *world { return w }, func(t *testing.T, before, _ compiled, q *question) string {
		r := q.request(t)
		m := before.set.Match(r)
		r.Credential = q.credential(m.Providers())
		decisions := make([]policy.Decision, 2)
		var group sync.WaitGroup
		for i := range decisions {
			group.Go(func() {
				m.Decide(r)
				decisions[i] = before.set.Match(r).Decide(r)
			})
		}
		group.Wait()
		for _, d := range decisions[1:] {
			if !reflect.DeepEqual(d, decisions[0]) {
				return fmt.Sprintf("%+v\n%+v", decisions[0], d)
			}
		}
		return ""
	})
}
