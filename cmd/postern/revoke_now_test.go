package main

import (
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/directory/revoke"
)

// TestNowIsByTheClockOfTheIssuer, which can be ahead by the skew of the provider: a token that is accepted
// now is issued before now.
func TestNowIsByTheClockOfTheIssuer(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 1, time.UTC)
	provider := identity.Provider{Name: "shop-idp", JWT: &identity.JWTIssuer{Issuer: "https://idp.shop.test/", Skew: 30 * time.Second, MaxLifetime: time.Hour}}
	survey := &revoke.Survey{Providers: []identity.Provider{provider}}
	for text, want := range map[string]time.Time{
		"now": time.Date(2026, 11, 22, 12, 0, 31, 0, time.UTC), "2026-11-22T12:00:00Z": time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
	} {
		for _, subjects := range [][]string{nil, {"alice"}} {
			f := &revokeFlags{provider: "shop-idp", subjects: subjects, issuedBefore: text}
			if e, err := f.entry(nil, survey, now); err != nil || !e.IssuedBefore.Equal(want) {
				t.Errorf("%s %q: %v, %v", text, subjects, e.IssuedBefore, err)
			}
		}
	}
}
