package differential_test

import "time"

// allow makes a rule that names callers.
func (g *generator) allow() *rule {
	r := g.deny()
	if len(r.Callers) == 0 {
		r.Callers = g.callers()
	}
	return r
}

// deny makes a rule that names something.
func (g *generator) deny() *rule {
	r := &rule{ID: g.id(), Shadow: g.one(8), Until: g.one(4)}
	if g.one(2) {
		r.Name = g.label("n")
	}
	for r.empty() {
		if g.one(4) {
			r.Callers = g.callers()
		}
		if g.n(5) < 2 {
			r.User = g.user()
		}
		if g.one(5) {
			r.Headers = g.headers()
		}
		if g.one(8) {
			r.Source = some(g.dice, 2, sources)
		}
		if g.one(4) {
			r.When = g.condition(g.n(3))
		}
		if r.empty() && g.one(2) {
			r.Callers = g.callers()
		}
	}
	if g.asks && r.peeks() {
		r.User = g.user()
	}
	return r
}

// peeks says that the condition looks at a user whom the rule does not ask for.
func (r *rule) peeks() bool { return r.User == nil && r.When != nil && r.When.mentions("user.") }

func (r *rule) empty() bool {
	return len(r.Callers)+len(r.Headers)+len(r.Source) == 0 && r.User == nil && r.When == nil
}

func (g *generator) callers() []string {
	if g.n(5) < 3 {
		return []string{anyone}
	}
	all := callerPatterns
	for _, group := range g.groups {
		all = append(all[:len(all):len(all)], "group:"+group.Name, "group:"+group.Name, "group:"+group.Name)
	}
	all = some(g.dice, 3, all)
	var different []string
	for _, c := range all {
		if !has(different, c) {
			different = append(different, c)
		}
	}
	return different
}

func (g *generator) user() *userWish {
	u := &userWish{Providers: providerNames[:1]}
	if g.one(3) {
		u.Providers = some(g.dice, 2, providerNames)
	}
	wish := func(all bool, values []string) *valueWish {
		if !g.one(6) {
			return nil
		}
		v := &valueWish{Values: some(g.dice, 2, values)}
		v.All = all && g.one(2)
		return v
	}
	u.Subjects, u.Clients, u.Audiences = wish(false, subjects), wish(false, clients), wish(true, audiences)
	u.Scopes, u.Roles = wish(true, scopes), wish(true, roles)
	u.ACR, u.AMR = wish(false, acrs), wish(true, amrs)
	if g.one(6) {
		u.MaxAge = pick(g.dice, fresh, time.Hour)
	}
	u.Bound = g.one(5)
	return u
}

func (g *generator) headers() []headerWish {
	var all []headerWish
	for _, name := range some(g.dice, 2, headerNames) {
		h := headerWish{Name: name, Present: g.one(2)}
		if g.n(3) > 0 {
			h.Value = &valueWish{Values: some(g.dice, 2, headerValues)}
			h.Value.All = g.one(3)
		}
		all = append(all, h)
	}
	return all
}
