package suite

import "github.com/postern/postern/identity"

// Users returns whom the tests' credentials prove, in the order of the results of Run(nil); nil for
// nobody and for bad ones.
func (s *Suite) Users() []*identity.User {
	users := make([]*identity.User, len(s.rows))
	for i := range s.rows {
		users[i] = s.rows[i].question.user
	}
	return users
}
