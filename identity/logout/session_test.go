package logout_test

import (
	"errors"
	"testing"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/logout"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
)

// TestOnlyTheSessionCountsWhereTheSubjectIsMapped: sub is not what decisions call the user by, and may
// be what they call another.
func TestOnlyTheSessionCountsWhereTheSubjectIsMapped(t *testing.T) {
	key := minttest.Key(t, "ES256", "k-1")
	_, set, now := verifier(t, key)
	for _, tc := range []struct {
		path     []string
		without  string
		accepted bool
	}{
		{nil, "sid", true},
		{[]string{"sub"}, "sid", true},
		{[]string{"preferred_username"}, "sid", false},
		{[]string{"preferred_username"}, "sub", true},
		{[]string{"preferred_username"}, "nothing", true},
	} {
		p := config("shop-idp", mint.Issuer, identity.KeySource{})
		p.Claims.Subject = tc.path
		v, err := logout.NewVerifier(p, client)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := jose.Parse(token(t, key, claims(now, mint.Without(tc.without))), logout.MaxToken)
		if err != nil {
			t.Fatal(err)
		}
		l, err := v.Verify(parsed, set, now)
		if (err == nil) != tc.accepted || tc.accepted != (l.ID != "") {
			t.Errorf("%q without %s: %+v, %v", tc.path, tc.without, l, err)
		}
		if err != nil && (reason.Of(err) != reason.TokenClaims || !errors.Is(err, logout.ErrNeedsSession)) {
			t.Errorf("%q without %s: %v", tc.path, tc.without, err)
		}
	}
}
