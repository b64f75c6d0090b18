package condition_test

import "testing"

// TestReadsActorsBeyondFirst goes by what a condition does with the list, however it is written.
func TestReadsActorsBeyondFirst(t *testing.T) {
	for text, want := range map[string]struct{ any, later bool }{
		`user.subject == "user.actors[1]"`:                                                      {false, false},
		`user.claims.actors == "x"`:                                                             {false, false},
		`user.actors[0].subject == "a"`:                                                         {true, false},
		`user . actors [ 0 ].subject == "a"`:                                                    {true, false},
		"user.actors[ // [1]\n 0].subject == caller.id":                                         {true, false},
		`user.actors[?0].?subject.orValue("") == "a"`:                                           {true, false},
		`user.actors.size() == 1 && size(user.actors) > 0`:                                      {true, false},
		`user.actors == [] || [] != user.actors`:                                                {true, false},
		`user.actors[1].subject == "a"`:                                                         {true, true},
		`user.actors[?1].?subject.orValue("") == "a"`:                                           {true, true},
		`user.actors[size(user.actors) - 1].subject == "a"`:                                     {true, true},
		`user.actors[0 + 1].subject == "a"`:                                                     {true, true},
		`user.actors[0].subject == "user.actors[0]" || user.actors.exists(a, a.subject == "a")`: {true, true},
		`user.actors.all(a, a.subject == "a")`:                                                  {true, true},
		`user.actors.map(a, a.subject) == ["a"]`:                                                {true, true},
		`user.actors == [{"subject": "a", "issuer": "", "client": ""}]`:                         {true, true},
		`[user.actors][0][1].subject == "a"`:                                                    {true, true},
		`"a" in user.actors.map(a, a.subject)`:                                                  {true, true},
		`(user.actors[0].subject == "b" ? user.actors : []).size() > 0`:                         {true, true},
	} {
		c := compile(t, text)
		if c.ReadsActors() != want.any || c.ReadsActorsBeyondFirst() != want.later {
			t.Errorf("%s: %v, %v, want %v", text, c.ReadsActors(), c.ReadsActorsBeyondFirst(), want)
		}
	}
}
