package explain

import (
	"slices"
	"strings"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// readsActors says that a part is a condition that reads who acts for the user.
func (s *state) readsActors(p policy.Part) bool {
	r, ok := s.ruleOf(p)
	return ok && r.Rule.Condition().ReadsActors()
}

// acting returns edits with which somebody acts for the user whom a condition may mean: the
// caller, or one whose name is in its text. Whether that makes it hold is found by trying.
func acting(at *state, p policy.Part) []edit {
	if !at.readsActors(p) || at.r.Request.Credential.User.IsZero() {
		return nil
	}
	subjects := []string{at.r.Request.Caller.String()}
	for _, v := range literals(strings.Join(p.Wants, ""), nil) {
		if s, ok := v.(string); ok && !slices.Contains(subjects, s) {
			subjects = append(subjects, s)
		}
	}
	var all []edit
	for _, subject := range subjects {
		if subject != "" {
			all = append(all, setActors("who acts for the user now is "+show(subject), syntax.TestActor{Subject: syntax.Text{Value: subject}}))
		}
	}
	return all
}

// unacted returns edits with which nobody, or somebody else, acts for the user.
func unacted(at *state, p policy.Part) []edit {
	if !at.readsActors(p) {
		return nil
	}
	return []edit{
		setActors("nobody acts for the user"),
		setActors("somebody else acts for the user", syntax.TestActor{Subject: syntax.Text{Value: "somebody-else"}}),
	}
}

func setActors(say string, actors ...syntax.TestActor) edit {
	return setClaims(say, func(u *syntax.TestUser) { u.Actors = &syntax.TestActors{Actors: actors} }, []string{"act"})
}
