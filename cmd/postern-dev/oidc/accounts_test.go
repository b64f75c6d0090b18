package oidc_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/postern/postern/cmd/postern-dev/oidc"
)

const accounts = `
users:
  dave: {password: d, subject: "42", scopes: [orders:read], roles: [buyer], acr: mfa, amr: [hwk], claims: {customer_id: c-4}}
clients:
  shop-web: {}
  robot: {secret: r, scopes: [orders:read]}
`

func TestParseAccounts(t *testing.T) {
	a, err := oidc.ParseAccounts([]byte(accounts))
	if err != nil {
		t.Fatal(err)
	}
	c := config(t)
	c.Accounts = a
	p := provider(t, c)
	token, err := verify(p, devToken(t, p, "user=dave"), "shop-api")
	if err != nil || token.Subject() != "42" || claim(token, "customer_id") != "c-4" || claim(token, "client_id") != "shop-web" {
		t.Errorf("%v, %v", token, err)
	}
}

func TestParseAccountsRefuses(t *testing.T) {
	for name, document := range map[string]string{
		"nothing":           "",
		"neither":           "{}",
		"rubbish":           "users: [",
		"unknown field":     "users: {a: {password: a, pasword: b}}",
		"user twice":        "users:\n  a: {password: a}\n  a: {password: b}",
		"two documents":     "users: {a: {password: a}}\n---\nusers: {b: {password: b}}",
		"no password":       "users: {a: {}}",
		"a space in a name": "users: {a b: {password: a}}",
		"an empty name":     `users: {"": {password: a}}`,
		"a space in scope":  "users: {a: {password: a, scopes: [x y]}}",
		"a quote in scope":  `clients: {a: {scopes: ['"']}}`,
		"openid as scope":   "clients: {a: {scopes: [openid]}}",
		"claim of its own":  "users: {a: {password: a, claims: {sub: root}}}",
		"not JSON":          "clients: {a: {claims: {x: .nan}}}",
		"a number as key":   "clients: {a: {claims: {x: {1: 2}}}}",
		"too large":         "users: {a: {password: " + strings.Repeat("x", 1<<20) + "}}",
	} {
		if a, err := oidc.ParseAccounts([]byte(document)); err == nil {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// FuzzParseAccounts holds that what is accepted, encoded again, is read the same, and that a
// provider takes it.
func FuzzParseAccounts(f *testing.F) {
	for _, seed := range []string{accounts, "users: {a: {password: a}}", "clients: {a: {claims: {x: [1, {y: 2.5}]}}}", "clients: {a: {claims: {x: &b 1, y: *b}}}", "{}", "---\n---\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		a, err := oidc.ParseAccounts([]byte(document))
		if err != nil {
			if !reflect.DeepEqual(a, oidc.Accounts{}) {
				t.Fatalf("an error and %+v", a)
			}
			return
		}
		encoded, err := yaml.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		again, err := oidc.ParseAccounts(encoded)
		if err != nil {
			t.Fatalf("%s: %v", encoded, err)
		}
		if twice, err := yaml.Marshal(again); err != nil || !bytes.Equal(encoded, twice) {
			t.Fatalf("%s, then %s, %v", encoded, twice, err)
		}
		c := config(t)
		c.Accounts = a
		provider(t, c)
	})
}

func ExampleParseAccounts() {
	a, err := oidc.ParseAccounts([]byte("users: {dave: {password: d, acr: mfa}}"))
	fmt.Println(a.Users["dave"].ACR, err)
	// Output: mfa <nil>
}
