package mint

import (
	"crypto/rand"
	"time"
)

// What Claims says, for the provider of a test to agree with.
const (
	Issuer   = "https://idp.shop.test/"
	Audience = "shop-api"
	Client   = "shop-web"
	Subject  = "alice"
)

// tokenLifetime is exp - iat of Claims.
const tokenLifetime = 5 * time.Minute

// Claims returns the claims of a sound access token (RFC 9068 section 2.2) that alice, a
// customer who just logged in with a password, was given at now. Numbers are int64 seconds. The map
// is the caller's: each edit changes it in turn.
func Claims(now time.Time, edits ...func(map[string]any)) map[string]any {
	claims := map[string]any{
		"iss":          Issuer,
		"sub":          Subject,
		"aud":          []string{Audience},
		"client_id":    Client,
		"scope":        "orders:read",
		"jti":          rand.Text(),
		"iat":          now.Unix(),
		"exp":          now.Add(tokenLifetime).Unix(),
		"auth_time":    now.Unix(),
		"acr":          "pwd",
		"amr":          []string{"pwd"},
		"customer_id":  "c-1",
		"realm_access": map[string]any{"roles": []string{"buyer"}},
	}
	for _, edit := range edits {
		edit(claims)
	}
	return claims
}

// Set is an edit of Claims that gives a claim a value.
func Set(name string, value any) func(map[string]any) {
	return func(claims map[string]any) { claims[name] = value }
}

// Without is an edit of Claims that takes claims away.
func Without(names ...string) func(map[string]any) {
	return func(claims map[string]any) {
		for _, name := range names {
			delete(claims, name)
		}
	}
}
