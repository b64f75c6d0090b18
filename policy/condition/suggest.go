package condition

import (
	"maps"
	"slices"
	"strings"
)

// hints says what to write for names that other systems have.
func hints(name string) string {
	switch name {
	case "request.headers", "request.header", "headers":
		return `: a header is read with header("x-name")`
	case "request.query", "request.params":
		return `: a parameter of the query is read with query("name")`
	case "now", "time", "timestamp.now":
		return ": the time is request.time"
	case "user.bound", "user.cnf":
		return ": what a credential is bound to is no matter of conditions: write bound: mtls beside the provider, in the rule's user"
	case "user.actor", "user.act":
		return ": who acts for the user now is user.actors[0].subject"
	case "user.groups":
		return ": write user.roles or user.claims.groups"
	case "and", "or", "not":
		return ": write &&, || and !"
	}
	return ""
}

// guess returns what somebody who wrote this variable may have meant.
func (r *resolver) guess(name string) string {
	if hint := hints(name); hint != "" {
		return hint
	}
	known := slices.Clone(r.locals)
	for _, v := range variables() {
		known = append(known, v.Name)
	}
	for p := range maps.Keys(r.params) {
		known = append(known, paramsGroup+"."+p)
	}
	if near := nearest(name, known); near != "" {
		return ": did you mean " + near + "?"
	}
	switch group, field, _ := strings.Cut(name, "."); {
	case group == "user" && field != "":
		return ": a claim is written user.claims." + shorten(field)
	case isGroup(group):
		return ": there are " + members(group)
	}
	return ": there are request, params, caller, user and source"
}

// guessFunction returns what somebody who wrote this function may have meant.
func (r *resolver) guessFunction(name string) string {
	switch name {
	case "has":
		return ": it takes a claim, as in has(user.claims.department)"
	case "all", "exists", "exists_one", "existsOne", "filter", "map":
		return ": it follows a list, as in list." + name + `(x, x.startsWith("a"))`
	case "optMap", "optFlatMap":
		return ": it follows an optional value, as in user.claims.?level." + name + "(x, x + 1)"
	}
	var known []string
	for function := range r.env.Functions() {
		if !isInternal(function) {
			known = append(known, function)
		}
	}
	slices.Sort(known)
	if near := nearest(name, known); near != "" {
		return ": did you mean " + near + "()?"
	}
	return ""
}

// isInternal says that nobody can write a function of this name.
func isInternal(function string) bool {
	return strings.ContainsAny(function, "@_") && function != "exists_one" || function == "in"
}

// paramAdvice says which variables the path has.
func (r *resolver) paramAdvice() string {
	if len(r.params) == 0 {
		return "the path has no variables"
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(r.params)) {
		names = append(names, paramsGroup+"."+name)
	}
	return "the path has " + enumerate(names)
}

// enumerate writes a list as a sentence does.
func enumerate(names []string) string {
	last := len(names) - 1
	if last <= 0 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// nearest returns the word that somebody who wrote this may have meant, or "".
func nearest(written string, words []string) string {
	if len(written) > 64 {
		return ""
	}
	best, distance := "", len(written)/3+1
	for _, word := range words {
		if d := edits(strings.ToLower(written), strings.ToLower(word)); d < distance && d < len(word) {
			best, distance = word, d
		}
	}
	return best
}

// edits counts the letters that are missing, too many or wrong (the Levenshtein distance).
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, change)
		}
	}
	return row[len(b)]
}

// shorten keeps an error short.
func shorten(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "") + "…"
	}
	return s
}
