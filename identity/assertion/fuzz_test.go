package assertion_test

import (
	"errors"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/assertion"
)

// FuzzSign holds that what is signed reads back as what was said, by a strict reader, or is refused.
func FuzzSign(f *testing.F) {
	for _, seed := range []string{"", "alice", `a"b\c`, "\x01\x1f\x7f", "é\u2028\U0001f600", "\xff", `\u0000`, "</script>"} {
		f.Add(seed, "orders", "/a/b")
	}
	s := signer(f)
	set := s.JWKS(now)
	f.Fuzz(func(t *testing.T, subject, scope, path string) {
		token, err := s.Sign(claims(func(c *assertion.Claims) {
			c.Path, c.User = path, &identity.User{Provider: "p", Subject: subject, Scopes: []string{scope, scope}}
		}), now)
		if err != nil {
			isText := utf8.ValidString(subject) && utf8.ValidString(scope) && utf8.ValidString(path)
			if token != "" || isText && !errors.Is(err, assertion.ErrTooLarge) {
				t.Fatalf("%q, %v", token, err)
			}
			return
		}
		got, err := payload(token, set)
		if err != nil {
			for _, text := range []string{subject, scope, path} {
				for _, c := range text {
					if c == 0 { // which package jose takes in no text
						return
					}
				}
			}
			t.Fatal(err)
		}
		user := map[string]any{"provider": "p", "scopes": []any{scope, scope}}
		if subject != "" {
			user["subject"] = subject
		}
		if !reflect.DeepEqual(got["user"], user) {
			t.Errorf("got %v, want %v", got["user"], user)
		}
		if request := got["request"].(map[string]any); path != "" && request["path"] != path {
			t.Errorf("got %v", request)
		}
	})
}
