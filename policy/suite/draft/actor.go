package draft

import "regexp"

// Who acts for a user is most often said to be the caller, or named.
const (
	anActor = `user\.actors\[0\]\.subject`
	whoActs = `(caller\.id)|` + aText + `|` + aParam
)

var byActor = regexp.MustCompile(anActor + `\s*==\s*(?:` + whoActs + `)|(?:` + whoActs + `)\s*==\s*` + anActor)

// boundCaller is the caller of a token that is bound to a certificate, where any will do: without
// a caller such a token is refused.
const boundCaller = "spiffe://caller.test/caller"

// actorIs lets somebody act for the user.
func actorIs(w *wish, condition string) {
	for _, m := range byActor.FindAllStringSubmatch(condition, -1) {
		subject := first(m[2], m[3], m[6], m[7], w.params[first(m[4], m[8])])
		if first(m[1], m[5]) != "" {
			subject = w.caller
		}
		if w.user != nil && subject != "" {
			w.user.actors = []string{subject}
		}
	}
}
