package draft

import (
	"regexp"
	"slices"
)

// Nothing here understands conditions. Of the usual ones it guesses a request for which they hold;
// whether they do, the policy is asked.
const (
	aClaim = `user\.claims(?:\.([A-Za-z_]\w*)|\["([^"\\]+)"\])`
	aParam = `params\.([A-Za-z_]\w*)`
	aText  = `(?:"([^"\\]*)"|'([^'\\]*)')`
)

var (
	anyClaim = regexp.MustCompile(aClaim)
	byClaim  = regexp.MustCompile(aClaim + `\s*==\s*` + aParam + `|` + aParam + `\s*==\s*` + aClaim)
	byText   = regexp.MustCompile(aClaim + `\s*==\s*` + aText + `|` + aText + `\s*==\s*` + aClaim)
	bySubj   = regexp.MustCompile(`user\.subject\s*==\s*` + aParam + `|` + aParam + `\s*==\s*user\.subject`)
	byList   = regexp.MustCompile(aText + `\s+in\s+user\.(scopes|roles|amr)\b`)
	byHeader = regexp.MustCompile(aText + `\s+in\s+header\((?:"([^"\\]+)"|'([^'\\]+)')\)`)
)

// satisfyCondition changes a wish by what it recognises.
func satisfyCondition(w *wish, condition string) {
	claimIsParam(w, condition)
	claimIsText(w, condition)
	subjectIsParam(w, condition)
	textInList(w, condition)
	headerHas(w, condition)
	actorIs(w, condition)
}

func (w *wish) setClaim(name, value string) {
	if w.user == nil || value == "" {
		return
	}
	if w.user.claims == nil {
		w.user.claims = map[string]string{}
	}
	w.user.claims[name] = value
}

// first returns the first group that is not empty.
func first(groups ...string) string {
	for _, g := range groups {
		if g != "" {
			return g
		}
	}
	return ""
}

func claimIsParam(w *wish, condition string) {
	for _, m := range byClaim.FindAllStringSubmatch(condition, -1) {
		w.setClaim(first(m[1], m[2], m[5], m[6]), w.params[first(m[3], m[4])])
	}
}

func claimIsText(w *wish, condition string) {
	for _, m := range byText.FindAllStringSubmatch(condition, -1) {
		w.setClaim(first(m[1], m[2], m[7], m[8]), first(m[3], m[4], m[5], m[6]))
	}
}

func subjectIsParam(w *wish, condition string) {
	for _, m := range bySubj.FindAllStringSubmatch(condition, -1) {
		if value := w.params[first(m[1], m[2])]; w.user != nil && value != "" {
			w.user.subject = value
		}
	}
}

func textInList(w *wish, condition string) {
	for _, m := range byList.FindAllStringSubmatch(condition, -1) {
		if w.user == nil {
			return
		}
		list := map[string]*[]string{"scopes": &w.user.scopes, "roles": &w.user.roles, "amr": &w.user.amr}[m[3]]
		if value := first(m[1], m[2]); value != "" && !slices.Contains(*list, value) {
			*list = append(slices.Clone(*list), value)
		}
	}
}

func headerHas(w *wish, condition string) {
	for _, m := range byHeader.FindAllStringSubmatch(condition, -1) {
		w.setHeader(first(m[3], m[4]), []string{first(m[1], m[2])})
	}
}

// claimsIn returns the names of the claims that a condition mentions, sorted.
func claimsIn(condition string) []string {
	var names []string
	for _, m := range anyClaim.FindAllStringSubmatch(condition, -1) {
		names = append(names, first(m[1], m[2]))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// spoilCondition changes, one after the other, what a guess may have been about.
func spoilCondition(w *wish, condition string) []*wish {
	var all []*wish
	change := func(change func(c *wish)) {
		c := w.clone()
		change(c)
		all = append(all, c)
	}
	if w.user != nil {
		for _, name := range claimsIn(condition) {
			change(func(c *wish) { c.setClaim(name, "another") })
		}
		change(func(c *wish) { c.user.subject = otherSubject })
		for _, m := range byList.FindAllStringSubmatch(condition, -1) {
			gone := func(s string) bool { return s == first(m[1], m[2]) }
			change(func(c *wish) {
				list := map[string]*[]string{"scopes": &c.user.scopes, "roles": &c.user.roles, "amr": &c.user.amr}[m[3]]
				*list = slices.DeleteFunc(slices.Clone(*list), gone)
			})
		}
	}
	if w.user != nil && w.user.actors != nil {
		change(func(c *wish) { c.user.actors = []string{otherSubject} })
		change(func(c *wish) { c.user.actors = nil })
	}
	for _, m := range byHeader.FindAllStringSubmatch(condition, -1) {
		change(func(c *wish) { delete(c.headers, first(m[3], m[4])) })
	}
	return all
}
