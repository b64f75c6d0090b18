//go:build e2e_idp

package idp_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// An inbox takes the logout tokens that a provider sends: OpenID Connect Back-Channel Logout 1.0
// section 2.5.
type inbox struct {
	url    string
	tokens chan string
}

func newInbox(t *testing.T) *inbox {
	in := &inbox{tokens: make(chan string, 16)}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case in.tokens <- r.PostFormValue("logout_token"):
		default: // more than anybody waits for
		}
	}))
	t.Cleanup(s.Close)
	in.url = s.URL + "/logout"
	return in
}

// next returns the next logout token.
func (in *inbox) next(t *testing.T) string {
	t.Helper()
	select {
	case token := <-in.tokens:
		return token
	case <-time.After(time.Minute):
		t.Fatal("no logout token came")
		return ""
	}
}
