package lint

import "slices"

// checkUsers finds rules that look at a user where there never is one.
func (w *world) checkUsers() {
	if w.partial {
		return
	}
	for _, r := range w.rules() {
		reads := r.user == nil && r.when != nil && r.when.ReadsUser()
		if !reads && (r.enforced() || r.user == nil) {
			continue
		}
		providers := w.readBeside(r)
		switch {
		case w.unfinished: // there may be others
		case reads && len(providers) == 0:
			r.noUser = true
			w.add(UserNeverRead, r, "this condition reads the user, and no rule here names a provider: there is never a user, %s", consequence(r.effect)).at(r.from.When.Position)
		case !reads && !slices.ContainsFunc(r.user.providers, func(name string) bool { return providers[name] }):
			w.add(ShadowNeverTold, r, "this rule is in shadow and asks for a user, and no rule that is enforced here reads a credential of %s: it never matches, so its records say nothing", list(r.user.providers)).at(r.from.User.Position)
		}
	}
}

// consequence says what comes of a condition that cannot be told.
func consequence(e effect) string {
	switch e {
	case deny:
		return "so that every request for which the user matters is denied"
	case require:
		return "so that nothing is allowed for which the user matters"
	default:
		return "so that nothing is allowed for which the user matters; add user: {provider: …}"
	}
}

// readBeside returns the providers whose credentials may have been read when a rule is looked at:
// by enforced rules of the same route, of the policies of the same workload, and of guardrails.
func (w *world) readBeside(r *rule) map[string]bool {
	providers := map[string]bool{}
	add := func(rules ...*rule) {
		for _, other := range rules {
			for _, name := range other.providerNames() {
				if other.enforced() {
					providers[name] = true
				}
			}
		}
	}
	if r.policy == nil {
		add(w.rules()...)
		return providers
	}
	for _, realm := range r.policy.realm.meeting {
		for _, p := range realm.policies {
			if !w.spend(1+len(p.deny), r.at) {
				break
			}
			add(p.deny...)
			if r.route == nil && w.spend(len(p.routes), r.at) {
				for _, other := range p.routes {
					add(other.allow...)
					add(other.deny...)
				}
			}
		}
	}
	if r.route != nil {
		for _, other := range w.neighbours(r.route) {
			add(other.allow...)
			add(other.deny...)
		}
	}
	for _, g := range w.guards {
		if g.mayHoldFor(r.policy.realm) && (r.route == nil || r.route.area.meets(&g.area)) {
			add(g.rule)
		}
	}
	return providers
}

// list writes names with commas between them.
func list(names []string) string {
	text := ""
	for i, name := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			text += " or "
		default:
			text += ", "
		}
		text += name
	}
	return text
}
