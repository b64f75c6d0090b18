package lint

// checkActors finds conditions that let others than the current actor help a request. In a deny the
// others only ever deny more.
func (w *world) checkActors() {
	for _, r := range w.rules() {
		if r.effect != deny && r.when != nil && r.when.ReadsActorsBeyondFirst() {
			w.add(LaterActor, r, "this condition looks at others than the current actor: whoever had the token before can so use it; write user.actors[0]").at(r.from.When.Position)
		}
	}
}
