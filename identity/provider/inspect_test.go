package provider_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
)

func inspectable(name, audience string) identity.Provider {
	return identity.Provider{Name: name, From: identity.Place{Header: "authorization", Scheme: "Bearer"}, JWT: &identity.JWTIssuer{
		Issuer: mint.Issuer, Audiences: []string{audience}, Algorithms: []string{"EdDSA"}, Use: identity.UseAccess,
		Types: []string{"", "at+jwt"}, MaxLifetime: time.Hour, MaxSize: 4096,
	}}
}

func TestInspectUnverified(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	key := minttest.Key(t, "EdDSA", "k1")
	both := []identity.Provider{inspectable("one", mint.Audience), inspectable("two", "other")}
	bearer := func(edits ...func(map[string]any)) []string {
		return []string{"Bearer " + minttest.Token(t, key, at, edits...)}
	}
	for name, tc := range map[string]struct {
		providers []identity.Provider
		values    []string
		want      reason.Code
		by        string
		claims    bool
	}{
		"sound":           {both, bearer(), reason.Allowed, "one", true},
		"for the other":   {both, bearer(mint.Set("aud", "other")), reason.Allowed, "two", true},
		"for both":        {both, bearer(mint.Set("aud", []string{"other", mint.Audience})), reason.TokenAudience, "", true},
		"expired":         {both, bearer(mint.Set("iat", at.Unix()-7200), mint.Set("exp", at.Unix()-3600)), reason.TokenExpired, "one", true},
		"another issuer":  {both, bearer(mint.Set("iss", "canary")), reason.TokenIssuer, "", true},
		"no subject":      {both, bearer(mint.Set("sub", "")), reason.TokenClaims, "one", true},
		"none":            {both, nil, reason.CredentialMissing, "", false},
		"two":             {both, append(bearer(), bearer()...), reason.CredentialDuplicate, "", false},
		"no token":        {both, []string{"Bearer canary"}, reason.TokenMalformed, "", false},
		"no token of one": {both[:1], []string{"Bearer canary"}, reason.TokenMalformed, "one", false},
		"nobody looks":    {nil, bearer(), reason.CredentialMissing, "", false},
		"an unknown kind": {[]identity.Provider{{Name: "x", From: both[0].From}}, bearer(), reason.Internal, "", false},
		"no place":        {[]identity.Provider{{Name: "x", JWT: both[0].JWT}}, bearer(), reason.Internal, "", false},
		"a bad provider":  {[]identity.Provider{{Name: "x", From: both[0].From, JWT: &identity.JWTIssuer{}}}, bearer(), reason.Internal, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			var all []policy.Header
			for _, v := range tc.values {
				all = append(all, policy.Header{Name: "authorization", Value: v})
			}
			got := provider.InspectUnverified(provider.Kinds(), tc.providers, kind.Request{Headers: policy.NewHeaders(all, false)}, at)
			if reason.Of(got.Err) != tc.want || got.Provider != tc.by || (got.Claims != nil) != tc.claims {
				t.Errorf("got %v by %q with %v, want %v by %q", got.Err, got.Provider, got.Claims, tc.want, tc.by)
			}
			if got.Err != nil && strings.Contains(got.Err.Error(), "canary") {
				t.Errorf("the error has a part of the credential: %v", got.Err)
			}
		})
	}
}

// TestInspectWithoutInspector: a kind that tells nothing is no fault of the route's other providers.
func TestInspectWithoutInspector(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	key := minttest.Key(t, "EdDSA", "k1")
	kinds := append(provider.Kinds(), passwordKind())
	one, opaque := inspectable("one", mint.Audience), toy("opaque")
	apart := opaque
	apart.From = identity.Place{Cookie: "sid"}
	sound := "Bearer " + minttest.Token(t, key, at)
	for name, tc := range map[string]struct {
		providers []identity.Provider
		header    policy.Header
		by        string
		want      error
	}{
		"another's token":         {[]identity.Provider{opaque, one}, policy.Header{Name: "authorization", Value: sound}, "one", nil},
		"opaque":                  {[]identity.Provider{opaque, one}, policy.Header{Name: "authorization", Value: "Bearer canary"}, "", provider.ErrUntold},
		"a token of elsewhere":    {[]identity.Provider{opaque, one}, policy.Header{Name: "authorization", Value: "Bearer " + minttest.Token(t, key, at, mint.Set("iss", "x"))}, "", provider.ErrUntold},
		"opaque, alone":           {[]identity.Provider{opaque}, policy.Header{Name: "authorization", Value: "Bearer canary"}, "opaque", provider.ErrUntold},
		"opaque, at its place":    {[]identity.Provider{apart, one}, policy.Header{Name: "cookie", Value: "sid=canary"}, "opaque", provider.ErrUntold},
		"opaque, another's place": {[]identity.Provider{apart, one}, policy.Header{Name: "authorization", Value: sound}, "one", nil},
	} {
		got := provider.InspectUnverified(kinds, tc.providers, kind.Request{Headers: policy.NewHeaders([]policy.Header{tc.header}, false)}, at)
		if !errors.Is(got.Err, tc.want) || got.Provider != tc.by {
			t.Errorf("%s: %v by %q, want %v by %q", name, got.Err, got.Provider, tc.want, tc.by)
		}
	}
}
