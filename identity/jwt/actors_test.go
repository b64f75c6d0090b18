package jwt_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
)

// acting returns an act claim of these subjects, the current one first.
func acting(subjects ...string) map[string]any {
	if len(subjects) == 0 {
		return nil
	}
	act := map[string]any{"sub": subjects[0]}
	if inner := acting(subjects[1:]...); inner != nil {
		act["act"] = inner
	}
	return act
}

// TestActors holds RFC 8693 section 4.1: who acts is read, the current one first, or the token is
// refused.
func TestActors(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	v := verifier(t, config(), key)
	web, batch := identity.Actor{Subject: "spiffe://shop.test/web"}, identity.Actor{Subject: "batch"}
	with := func(name string, value any) map[string]any { return map[string]any{"sub": "web", name: value} }
	for name, tc := range map[string]struct {
		act  any
		want []identity.Actor // nil: refused
		at   string           // where the error says that it is
	}{
		"one":                 {act: acting(web.Subject), want: []identity.Actor{web}},
		"two":                 {act: acting(web.Subject, "batch"), want: []identity.Actor{web, batch}},
		"four":                {act: acting("batch", "batch", "batch", "batch"), want: []identity.Actor{batch, batch, batch, batch}},
		"of an issuer":        {act: map[string]any{"sub": "a", "iss": "i", "client_id": "c"}, want: []identity.Actor{{Subject: "a", Issuer: "i", Client: "c"}}},
		"with other members":  {act: with("exp", 1), want: []identity.Actor{{Subject: "web"}}},
		"five":                {act: acting("a", "b", "c", "d", "e"), at: "act.act.act.act.act is one of more than 4"},
		"a text":              {act: "canary", at: "act is not an object"},
		"null":                {act: nil, at: "act is not an object"},
		"a list":              {act: []any{acting("canary")}, at: "act is not an object"},
		"nobody":              {act: map[string]any{}, at: "act.sub is missing"},
		"only a client":       {act: map[string]any{"client_id": "canary"}, at: "act.sub is missing"},
		"an empty subject":    {act: acting(""), at: "act.sub is not a string"},
		"a number":            {act: map[string]any{"sub": 1}, at: "act.sub is not a string"},
		"a control character": {act: acting("canary\n"), at: "act.sub is not a string"},
		"too long":            {act: acting(strings.Repeat("x", 2049)), at: "act.sub is not a string"},
		"iss a number":        {act: with("iss", 1), at: "act.iss is not a string"},
		"client_id null":      {act: with("client_id", nil), at: "act.client_id is not a string"},
		"nobody within":       {act: with("act", map[string]any{"iss": "canary"}), at: "act.act.sub is missing"},
		"a text within":       {act: with("act", "canary"), at: "act.act is not an object"},
		"null within":         {act: with("act", nil), at: "act.act is not an object"},
	} {
		t.Run(name, func(t *testing.T) {
			user, err := v.VerifyRaw(minttest.Token(t, key, now, mint.Set("act", tc.act)), now, identity.Caller{})
			switch {
			case tc.want == nil && (user != nil || reason.Of(err) != reason.TokenClaims || !strings.Contains(err.Error(), tc.at) || strings.Contains(err.Error(), "canary")):
				t.Errorf("got %v, %v, want %s", user, err, tc.at)
			case tc.want != nil && (err != nil || !slices.Equal(user.Actors, tc.want)):
				t.Errorf("got %v, %v, want %v", user, err, tc.want)
			}
		})
	}
	if user, err := v.VerifyRaw(minttest.Token(t, key, now, mint.Set("may_act", acting("web"))), now, identity.Caller{}); err != nil || user.Actors != nil {
		t.Errorf("may_act is nobody who acts: %v, %v", user, err)
	}
}
