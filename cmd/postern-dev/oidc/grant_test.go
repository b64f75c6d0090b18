package oidc_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
)

func canceled(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func password(edits ...string) url.Values {
	v := url.Values{"grant_type": {"password"}, "client_id": {"shop-web"}, "username": {"alice"}, "password": {"alice"}}
	for i := 0; i < len(edits); i += 2 {
		v.Set(edits[i], edits[i+1])
	}
	return v
}

func client(edits ...string) url.Values {
	v := url.Values{"grant_type": {"client_credentials"}, "client_id": {"shop-batch"}, "client_secret": {"shop-batch"}}
	for i := 0; i < len(edits); i += 2 {
		v.Set(edits[i], edits[i+1])
	}
	return v
}

func basic(name, secret string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(url.QueryEscape(name), url.QueryEscape(secret)) }
}

func TestGrants(t *testing.T) {
	p := provider(t, config(t))
	for _, tc := range []struct {
		name       string
		parameters url.Values
		edit       func(*http.Request)
		subject    string
		scope      string
		id         bool
	}{
		{"password", password(), nil, "alice", "orders:read orders:write", false},
		{"password, fewer scopes", password("scope", "orders:read"), nil, "alice", "orders:read", false},
		{"password, ID token", password("scope", "openid orders:read"), nil, "alice", "openid orders:read", true},
		{"password, ID token alone", password("scope", "openid"), nil, "alice", "openid", true},
		{"password by a client with a secret", password("client_id", "shop-batch", "client_secret", "shop-batch"), nil, "alice", "orders:read orders:write", false},
		{"client", client(), nil, "shop-batch", "orders:read", false},
		{"client, no ID token without a user", client("scope", "openid"), nil, "shop-batch", "openid", false},
		{"client by Basic", url.Values{"grant_type": {"client_credentials"}}, basic("shop-batch", "shop-batch"), "shop-batch", "orders:read", false},
		{"client by Basic, named twice the same", url.Values{"grant_type": {"client_credentials"}, "client_id": {"shop-batch"}}, basic("shop-batch", "shop-batch"), "shop-batch", "orders:read", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, body := post(p, tc.parameters, tc.edit)
			if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "no-store" {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if body["token_type"] != "Bearer" || body["expires_in"] != 300.0 || body["scope"] != tc.scope {
				t.Errorf("answer %v", body)
			}
			token, err := verify(p, body["access_token"].(string), "shop-api")
			if err != nil || token.Subject() != tc.subject {
				t.Errorf("access token %v, %v", token, err)
			}
			id, has := body["id_token"].(string)
			if has != tc.id {
				t.Fatalf("ID token: %v", has)
			}
			if !has {
				return
			}
			if token, err := verify(p, id, "shop-web"); err != nil || token.Subject() != tc.subject || header(t, id).Type() != "JWT" {
				t.Errorf("ID token %v, %v", token, err)
			}
		})
	}
	_, body := post(p, password("audience", "other-api"), nil)
	if _, err := verify(p, body["access_token"].(string), "other-api"); err != nil {
		t.Errorf("another audience: %v", err)
	}
}

func TestGrantsThatAreRefused(t *testing.T) {
	p := provider(t, config(t))
	noGrant := client()
	noGrant.Del("grant_type")
	twice := password()
	twice.Add("username", "bob")
	for _, tc := range []struct {
		name       string
		parameters url.Values
		edit       func(*http.Request)
		code       int
		want       string
	}{
		{"wrong password", password("password", "bob"), nil, 400, "invalid_grant"},
		{"no password", password("password", ""), nil, 400, "invalid_grant"},
		{"unknown user", password("username", "mallory"), nil, 400, "invalid_grant"},
		{"unknown user without password", password("username", "mallory", "password", ""), nil, 400, "invalid_grant"},
		{"scope of somebody else", password("scope", "orders:pay"), nil, 400, "invalid_scope"},
		{"unknown client", password("client_id", "mallory"), nil, 401, "invalid_client"},
		{"no client", password("client_id", ""), nil, 401, "invalid_client"},
		{"secret of a public client", password("client_secret", "x"), nil, 401, "invalid_client"},
		{"wrong secret", client("client_secret", "x"), nil, 401, "invalid_client"},
		{"no secret", client("client_secret", ""), nil, 401, "invalid_client"},
		{"two secrets", client(), basic("shop-batch", "shop-batch"), 401, "invalid_client"},
		{"two names", url.Values{"grant_type": {"client_credentials"}, "client_id": {"shop-web"}}, basic("shop-batch", "shop-batch"), 401, "invalid_client"},
		{"wrong secret by Basic", url.Values{"grant_type": {"client_credentials"}}, basic("shop-batch", "x"), 401, "invalid_client"},
		{"bad escape by Basic", url.Values{"grant_type": {"client_credentials"}}, func(r *http.Request) { r.SetBasicAuth("%zz", "x") }, 401, "invalid_client"},
		{"another scheme", client(), func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, 401, "invalid_client"},
		{"public client for itself", url.Values{"grant_type": {"client_credentials"}, "client_id": {"shop-web"}}, nil, 400, "unauthorized_client"},
		{"no grant type", noGrant, nil, 400, "invalid_request"},
		{"unknown grant type", password("grant_type", "implicit"), nil, 400, "unsupported_grant_type"},
		{"user twice", twice, nil, 400, "invalid_request"},
		{"unknown parameter", password("acr", "mfa"), nil, 400, "invalid_request"},
		{"JSON", password(), func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, 400, "invalid_request"},
		{"in the query", password(), func(r *http.Request) { r.URL.RawQuery = "scope=openid" }, 400, "invalid_request"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, body := post(p, tc.parameters, tc.edit)
			if w.Code != tc.code || body["error"] != tc.want || body["access_token"] != nil {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, tc.code, tc.want)
			}
			if (w.Code == 401) != (w.Header().Get("WWW-Authenticate") != "") {
				t.Errorf("challenge %q", w.Header().Get("WWW-Authenticate"))
			}
		})
	}
}
