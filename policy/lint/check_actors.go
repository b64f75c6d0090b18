package lint

import "regexp"

// What of a user's actors may decide: the first, and whether there is any (RFC 8693 section 4.1).
var (
	readsActors  = regexp.MustCompile(`\buser\s*\.\s*actors\b`)
	currentActor = regexp.MustCompile(`\buser\s*\.\s*actors\s*(\[\s*\??\s*0\s*\]|\.\s*size\s*\(\s*\)|(==|!=)\s*\[\s*\])|\bsize\s*\(\s*user\s*\.\s*actors\s*\)`)
)

// checkActors finds conditions that let others than the current actor help a request. In a deny the
// others only ever deny more.
func (w *world) checkActors() {
	for _, r := range w.rules() {
		if r.effect == deny || !r.reads("user.actors") {
			continue
		}
		text := r.from.When.Text
		if len(readsActors.FindAllString(text, -1)) > len(currentActor.FindAllString(text, -1)) {
			w.add(LaterActor, r, "this condition looks at others than the current actor: whoever had the token before can so use it; write user.actors[0]").at(r.from.When.Position)
		}
	}
}
