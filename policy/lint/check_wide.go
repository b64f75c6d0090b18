package lint

import (
	"slices"
	"strings"

	"github.com/postern/postern/policy/syntax"
	"github.com/postern/postern/policy/template"
)

// checkWide finds allows that let more through than somebody will have meant.
func (w *world) checkWide() {
	for _, p := range w.policies {
		groups := map[string]*rule{} // each with the first allow that names it
		for _, r := range p.routes {
			required := requiredFor(r)
			for _, a := range enforcedOf(r.allow) {
				w.checkAnonymous(r, a, required)
				w.checkPersonal(r, a, required)
				for _, t := range a.from.Callers {
					if group, isGroup := strings.CutPrefix(t.Value, "group:"); !isGroup {
						w.checkWideCaller(t, a, required)
					} else if groups[group] == nil || groups[group].user != nil && a.user == nil {
						groups[group] = a
					}
				}
			}
		}
		for _, g := range p.from.Groups {
			for _, t := range g.Callers {
				if a := groups[g.Name.Value]; a != nil {
					w.checkWideCaller(t, a, requiredFor(a.route))
				}
			}
		}
	}
}

// requiredFor returns what guardrails require of every request to a route.
func requiredFor(r *route) []*rule {
	var all []*rule
	for _, g := range r.guards {
		if g.rule.effect == require {
			all = append(all, g.rule)
		}
	}
	return all
}

// asksUser says that an allow, with what is required beside it, asks for a user.
func asksUser(a *rule, required []*rule) bool {
	return a.asksUser() || slices.ContainsFunc(required, (*rule).asksUser)
}

// checkWideCaller judges one pattern among callers.
func (w *world) checkWideCaller(t syntax.Text, a *rule, required []*rule) {
	i := w.id(t.Value)
	if i == nil || i.exact {
		return
	}
	var f *Finding
	switch {
	case i.isNobody():
		f = w.addAt(WideCallers, t.Position, "%s is every workload of %s, whoever deploys it: name the workloads, or a namespace", t.Value, i.domain)
		if asksUser(a, required) {
			f.as(Info)
		}
	case i.segments[len(i.segments)-1] == "**" && !asksUser(a, required):
		f = w.addAt(WideCallers, t.Position, "%s is everything below, and what will be added there: name the workloads, or ask for a user", t.Value).as(Info)
	default:
		return
	}
	f.around = a.at
	if t.Position.Source != a.at.Source || t.Position.Line < a.at.Line {
		f.around = t.Position
		f.related(a.at, "an allow for them")
	}
}

// safeMethods are the methods of HTTP that ask for nothing but an answer (RFC 9110 section 9.2.1;
// RFC 4918, 3253, 5323, and the QUERY method).
var safeMethods = []string{"GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "REPORT", "SEARCH", "QUERY"}

// openServices are gRPC services that are made to be asked by anyone, and change nothing.
var openServices = []string{"grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"}

// checkAnonymous finds an allow of anyone, without a user, that lets something be changed.
func (w *world) checkAnonymous(r *route, a *rule, required []*rule) {
	if !a.callers.anyone || asksUser(a, required) || isHemmed(a) || slices.ContainsFunc(required, isHemmed) {
		return
	}
	what := ""
	switch g := r.from.GRPC; {
	case g != nil && slices.Contains(openServices, g.Service.Value):
	case g != nil:
		what = "call " + g.Service.Value
	case len(r.area.methods) == 0:
		what = `use every method`
	default:
		unsafe := slices.DeleteFunc(slices.Clone(r.area.methods), func(m string) bool { return slices.Contains(safeMethods, m) })
		what = strings.Join(unsafe, " and ")
	}
	if what != "" {
		w.addAt(AnonymousWrite, a.from.Callers[0].Position, "anyone may %s here, with no certificate and no user: name the callers, or ask for a user", what).around = a.at
	}
}

// isHemmed says that a rule asks for something that its sender cannot just claim: a caller, an
// address, a condition about one of them, or something of which nothing is known here.
func isHemmed(r *rule) bool {
	return r.isForeign() || r.callers.named && !r.callers.anyone || len(r.source) > 0 || r.reads("caller.") || r.reads("source.")
}

// checkPersonal finds an allow that asks for no user although the path says whose data it is.
func (w *world) checkPersonal(r *route, a *rule, required []*rule) {
	if asksUser(a, required) || r.from.HTTP == nil || len(r.area.paths) == 0 {
		return
	}
	name := personal(r.area.paths[0])
	if name == "" {
		return
	}
	w.add(PersonalData, a, "no user is asked for, although {%s} in the path looks like the id of a person: whoever may call sees everybody's data", name).
		related(r.from.HTTP.Path.Position, "the path")
}

// personal returns the variable of a path that looks like the id of a person, or "".
func personal(p template.Template) string {
	before := ""
	for _, s := range p.Segments() {
		switch {
		case s.Variable == "":
			before = s.Literal
		case s.Rest:
		case isPersonal(words(s.Variable)), isReference(words(s.Variable)) && isPersonal(words(before)):
			return s.Variable
		default:
			before = ""
		}
	}
	return ""
}

// persons are words for a person, or for what says who one is.
var persons = []string{
	"account", "applicant", "borrower", "cardholder", "citizen", "customer", "email", "employee", "iban", "member", "msisdn",
	"passenger", "passport", "patient", "payee", "payer", "people", "person", "phone", "profile", "resident", "ssn", "student",
	"subscriber", "user", "userid", "username",
}

// references are words that stand beside one of persons without changing whom it means.
var references = []string{
	"address", "guid", "handle", "hash", "id", "key", "name", "no", "nr", "num", "number", "ref", "reference", "subject", "uuid",
}

// isPersonal says that words mean a person: one of them does, and the others are references.
func isPersonal(words []string) bool {
	found := false
	for _, word := range words {
		switch {
		case slices.Contains(persons, word) || slices.Contains(persons, strings.TrimSuffix(word, "s")):
			found = true
		case !slices.Contains(references, word):
			return false
		}
	}
	return found
}

// isReference says that words mean something that was named before: {id} behind /users/.
func isReference(words []string) bool {
	return len(words) > 0 && !slices.ContainsFunc(words, func(word string) bool { return !slices.Contains(references, word) })
}

// words divides a name at _, -, . and before capitals, in lower case.
func words(name string) []string {
	var all []string
	begin := 0
	cut := func(end int) {
		if end > begin {
			all = append(all, strings.ToLower(name[begin:end]))
		}
	}
	for i := range len(name) {
		switch c := name[i]; {
		case c == '_' || c == '-' || c == '.':
			cut(i)
			begin = i + 1
		case 'A' <= c && c <= 'Z' && i > 0 && 'a' <= name[i-1] && name[i-1] <= 'z':
			cut(i)
			begin = i
		}
	}
	cut(len(name))
	return all
}
