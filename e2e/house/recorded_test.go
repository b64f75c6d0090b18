package house_test

import "github.com/postern/postern/identity/reason"

// google is the shape of Google's metadata and ID tokens, as Google documents them.
func google() recorded {
	const client = "1234567890-abc.apps.googleusercontent.com"
	return recorded{
		page: "google.md", issuer: "https://accounts.google.com", typ: "JWT", keys: "/oauth2/v3/certs",
		metadata: map[string]any{
			"issuer":                                "@",
			"authorization_endpoint":                "@/o/oauth2/v2/auth",
			"device_authorization_endpoint":         "https://oauth2.googleapis.com/device/code",
			"token_endpoint":                        "https://oauth2.googleapis.com/token",
			"userinfo_endpoint":                     "https://openidconnect.googleapis.com/v1/userinfo",
			"revocation_endpoint":                   "https://oauth2.googleapis.com/revoke",
			"jwks_uri":                              "KEYS/oauth2/v3/certs",
			"response_types_supported":              []string{"code", "token", "id_token", "code token", "code id_token", "none"},
			"subject_types_supported":               []string{"public"},
			"id_token_signing_alg_values_supported": []string{"RS256"},
			"scopes_supported":                      []string{"openid", "email", "profile"},
		},
		claims: map[string]any{
			"azp": client, "aud": client, "sub": "110169484474386276334", "hd": "shop.example",
			"email": "alice@shop.example", "email_verified": true, "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q", "nonce": "0394852-3190485",
			"name": "Alice Example", "picture": "https://lh3.googleusercontent.com/a/alice", "given_name": "Alice", "family_name": "Example",
		},
		taken: map[string]map[string]any{
			"of an app on a phone":  {"azp": "1234567890-phone.apps.googleusercontent.com"},
			"of a private account":  {"hd": nil, "email": "alice@mail.test"},
			"of a service account":  {"hd": nil, "sub": "104029292853099978293", "email": "robot@project.iam.gserviceaccount.com"},
			"of the one-tap button": {"nbf": 1_600_000_000, "jti": "161803398874d4e5"},
		},
		refused: map[string]change{
			"for another application":        {claims: map[string]any{"aud": "0987654321-xyz.apps.googleusercontent.com"}, want: reason.TokenAudience},
			"of an issuer without a scheme":  {claims: map[string]any{"iss": "accounts.google.com"}, want: reason.TokenIssuer},
			"that calls itself access token": {typ: "at+jwt", want: reason.TokenType},
			"that lives longer than an hour": {claims: map[string]any{"iat": 1_600_000_000}, want: reason.TokenLifetime},
		},
	}
}

// auth0 is the shape of Auth0's metadata and access tokens, as Auth0 documents them, with the
// token profile of RFC 9068.
func auth0() recorded {
	r := recorded{
		page: "auth0.md", issuer: "https://shop.eu.auth0.com/", typ: "at+jwt", keys: "/.well-known/jwks.json",
		metadata: map[string]any{
			"issuer":                                "@",
			"authorization_endpoint":                "@/authorize",
			"token_endpoint":                        "@/oauth/token",
			"device_authorization_endpoint":         "@/oauth/device/code",
			"userinfo_endpoint":                     "@/userinfo",
			"mfa_challenge_endpoint":                "@/mfa/challenge",
			"jwks_uri":                              "KEYS/.well-known/jwks.json",
			"registration_endpoint":                 "@/oidc/register",
			"revocation_endpoint":                   "@/oauth/revoke",
			"id_token_signing_alg_values_supported": []string{"HS256", "RS256", "PS256"},
			"request_uri_parameter_supported":       false,
		},
		claims: map[string]any{
			"sub": "auth0|6553da60a54af58e29493993", "aud": []string{"https://api.shop.test/", "https://shop.eu.auth0.com/userinfo"},
			"client_id": "K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja", "jti": "73WakrfVbNJBaAmhQtEeDv", "scope": "openid profile orders:read",
			"permissions": []string{"orders:read"}, "https://shop.test/roles": []string{"buyer"},
		},
		taken: map[string]map[string]any{
			"of a program":               {"sub": "awZfdIir8YFdGZWkvCejDoUb7SjTDicx@clients", "aud": "https://api.shop.test/", "scope": nil},
			"without roles, permissions": {"permissions": nil, "https://shop.test/roles": nil},
		},
		refused: map[string]change{
			"of Auth0's own profile":           {typ: "JWT", want: reason.TokenType},
			"for the userinfo endpoint alone":  {claims: map[string]any{"aud": "https://shop.eu.auth0.com/userinfo"}, want: reason.TokenAudience},
			"for another API":                  {claims: map[string]any{"aud": []string{"https://other.shop.test/"}}, want: reason.TokenAudience},
			"bound to a certificate not shown": {claims: map[string]any{"cnf": map[string]any{"x5t#S256": "MGQ5NzE4NmUyNzI5NDIyYWI2YzQwYmRkNzU5N2Y4MzI"}}, want: reason.TokenBinding},
		},
	}
	return r
}

// auth0Classic is auth0 with Auth0's own token profile, for which the page says to leave out types.
func auth0Classic() recorded {
	r := auth0()
	r.typ, r.without = "JWT", "types:"
	delete(r.claims, "client_id")
	delete(r.claims, "jti")
	r.claims["azp"], r.claims["gty"] = "K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja", "password"
	delete(r.refused, "of Auth0's own profile")
	r.refused["that is an ID token"] = change{claims: map[string]any{
		"aud": "K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja", "nonce": "cGlhYzJ6", "sid": "s-1", "scope": nil,
	}, want: reason.TokenType}
	return r
}
