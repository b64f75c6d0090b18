package lint

import (
	"strings"

	"github.com/postern/postern/policy/condition"
	"github.com/postern/postern/policy/lint/edit"
)

// checkConditions finds conditions that are the same for every request, and denies whose condition
// cannot be told for plain ones.
func (w *world) checkConditions() {
	for _, r := range w.rules() {
		if r.when == nil {
			continue
		}
		switch o := r.when.Outcomes(w.domains(r)); {
		case !o.Holds && (r.effect != deny || !o.Errs):
			w.never(r, r.from.When.Position, "this condition is false for every request that can come to it")
		case !o.Fails && !o.Errs:
			w.alwaysTrue(r)
		case r.effect == deny && o.Errs && !r.noUser && !r.isForeign():
			w.checkErrs(r)
		}
	}
}

// alwaysTrue adds that a condition is for nothing. Taking it out changes which headers are read,
// and must leave something.
func (w *world) alwaysTrue(r *rule) {
	f := w.add(AlwaysTrue, r, "this condition is true for every request that can come to it: it checks nothing").at(r.from.When.Position)
	if len(r.when.Headers()) == 0 && (r.user != nil || r.callers.named || len(r.headers)+len(r.source) > 0) {
		f.fix("take the condition out", r.from.When.Position, edit.Value)
	}
}

// domains returns what the variables of a rule's condition can be in the requests for which it
// matters: those that go there and for which the rest of the rule holds.
func (w *world) domains(r *rule) map[string]condition.Domain {
	known := map[string]condition.Domain{
		"request.method": {Known: true}, "request.host": {Known: true}, "request.id": {Known: true},
	}
	if a := r.area(); a != nil {
		if a.service == "" {
			known["request.method"] = condition.Domain{Values: a.methods, Known: true}
		}
		known["request.host"] = condition.Domain{Values: a.hosts, Known: true}
	}
	for _, p := range paramsOf(r.path) {
		if !p.Rest {
			known["params."+p.Name] = condition.Domain{Known: true}
		}
	}
	if r.callers.named && !r.callers.anyone {
		ids, domains := r.callers.exactly()
		known["caller.id"], known["caller.trust_domain"] = condition.Domain{Values: ids, Known: true}, condition.Domain{Values: domains, Known: true}
	}
	if u := r.user; u != nil {
		known["user.provider"], known["user.subject"] = condition.Domain{Values: u.providers, Known: true}, condition.Domain{Known: true}
		for i, name := range []string{"user.subject", "user.client", "user.acr"} {
			if m := u.single[i]; m != nil {
				known[name] = condition.Domain{Values: m.want, Known: true}
			}
		}
	}
	return known
}

// area returns where the requests go that a rule is held against, nil for a policy's deny.
func (r *rule) area() *area {
	switch {
	case r.route != nil:
		return &r.route.area
	case r.guard != nil:
		return &r.guard.area
	}
	return nil
}

// exactly returns the IDs that callers can be, none when there are patterns among them, and their
// trust domains.
func (a *callers) exactly() (ids, domains []string) {
	wild := false
	for _, part := range a.parts {
		for _, i := range part.ids {
			ids, domains, wild = append(ids, i.text), append(domains, i.domain), wild || !i.exact
		}
	}
	if wild {
		ids = nil
	}
	return ids, domains
}

// checkErrs finds a plain request for which the condition of a deny cannot be told.
func (w *world) checkErrs(r *rule) {
	for _, p := range w.plainRequests(r) {
		if _, err := r.when.Eval(p.in); err != nil {
			w.add(DenyMayErr, r, "a plain request %s is denied here, because this condition cannot be told: %s; guard it, or say that this is meant", p.what, strings.TrimSuffix(err.Error(), ".")).at(r.from.When.Position)
			return
		}
	}
}
