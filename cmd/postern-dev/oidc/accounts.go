package oidc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"
)

// maxAccounts bounds a document of accounts, in bytes.
const maxAccounts = 1 << 20

// Accounts are whom the provider knows.
type Accounts struct {
	Users   map[string]User   `yaml:"users"`
	Clients map[string]Client `yaml:"clients"`
}

// A User is a person with a password. Everything about it is fixed: nobody logs in.
type User struct {
	Password string         `yaml:"password"`
	Subject  string         `yaml:"subject"` // sub; the user's name by default
	Scopes   []string       `yaml:"scopes"`  // what may be asked for, and is given to who asks for nothing
	Roles    []string       `yaml:"roles"`   // realm_access.roles
	ACR      string         `yaml:"acr"`
	AMR      []string       `yaml:"amr"`
	Claims   map[string]any `yaml:"claims"` // added to every token
}

// A Client is a program that asks for tokens: for users, or with a secret for itself.
type Client struct {
	Secret string         `yaml:"secret"` // "" for a public client
	Scopes []string       `yaml:"scopes"`
	Roles  []string       `yaml:"roles"`
	Claims map[string]any `yaml:"claims"`
}

// BuiltIn returns the accounts of who names none. Each password is the user's name, each
// secret the client's.
func BuiltIn() Accounts {
	return Accounts{
		Users: map[string]User{
			"alice": {
				Password: "alice", Scopes: []string{"orders:read", "orders:write"}, Roles: []string{"buyer"},
				ACR: "pwd", AMR: []string{"pwd"}, Claims: map[string]any{"customer_id": "c-1"},
			},
			"bob": {
				Password: "bob", Scopes: []string{"orders:read"}, Roles: []string{"buyer"},
				ACR: "pwd", AMR: []string{"pwd"}, Claims: map[string]any{"customer_id": "c-2"},
			},
			"carol": {
				Password: "carol", Scopes: []string{"orders:read", "orders:write", "orders:pay"}, Roles: []string{"buyer", "admin"},
				ACR: "mfa", AMR: []string{"pwd", "otp"}, Claims: map[string]any{"customer_id": "c-3"},
			},
		},
		Clients: map[string]Client{
			"shop-web":   {},
			"shop-batch": {Secret: "shop-batch", Scopes: []string{"orders:read"}, Roles: []string{"batch"}},
		},
	}
}

// ParseAccounts reads accounts from YAML, at most 1 MiB and one document:
//
//	users:
//	  dave: {password: secret, scopes: [orders:read], roles: [buyer], acr: mfa, claims: {customer_id: c-4}}
//	clients:
//	  shop-web: {}
func ParseAccounts(document []byte) (Accounts, error) {
	if len(document) > maxAccounts {
		return Accounts{}, fmt.Errorf("oidc: accounts: more than %d bytes", maxAccounts)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(document))
	decoder.KnownFields(true)
	var accounts Accounts
	if err := decoder.Decode(&accounts); err != nil {
		return Accounts{}, fmt.Errorf("oidc: accounts: %w", err)
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return Accounts{}, errors.New("oidc: accounts: more than one document")
	}
	if err := accounts.check(); err != nil {
		return Accounts{}, err
	}
	return accounts, nil
}

// reserved are the claims that tokens have by themselves.
var reserved = []string{
	"iss", "sub", "aud", "client_id", "scope", "jti", "iat", "exp", "nbf", "auth_time", "acr", "amr", "realm_access",
}

func (a Accounts) check() error {
	if len(a.Users) == 0 && len(a.Clients) == 0 {
		return errors.New("oidc: accounts: neither users nor clients")
	}
	for _, name := range slices.Sorted(maps.Keys(a.Users)) {
		u := a.Users[name]
		if u.Password == "" {
			return fmt.Errorf("oidc: user %q has no password", name)
		}
		if err := checkGrants(name, u.Scopes, u.Claims); err != nil {
			return fmt.Errorf("oidc: user %w", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.Clients)) {
		if err := checkGrants(name, a.Clients[name].Scopes, a.Clients[name].Claims); err != nil {
			return fmt.Errorf("oidc: client %w", err)
		}
	}
	return nil
}

func checkGrants(name string, scopes []string, claims map[string]any) error {
	if !regexp.MustCompile(`^[!-~]{1,64}$`).MatchString(name) {
		return fmt.Errorf("%q: a name is 1 to 64 printable ASCII characters without spaces", name)
	}
	token := regexp.MustCompile(`^[!#-\[\]-~]+$`) // RFC 6749 appendix A.4
	for _, scope := range scopes {
		if !token.MatchString(scope) || scope == "openid" {
			return fmt.Errorf("%q: %q is not a scope to be given (openid always is)", name, scope)
		}
	}
	for claim := range claims {
		if slices.Contains(reserved, claim) {
			return fmt.Errorf("%q: claim %q is the provider's own", name, claim)
		}
	}
	if _, err := json.Marshal(claims); err != nil { // YAML has more than JSON: .nan, keys that are numbers
		return fmt.Errorf("%q: claims: %w", name, err)
	}
	return nil
}

// publicClient returns whom a token for a user is issued to when nobody says: the first client
// without a secret.
func (a Accounts) publicClient() string {
	for _, name := range slices.Sorted(maps.Keys(a.Clients)) {
		if a.Clients[name].Secret == "" {
			return name
		}
	}
	return "postern-dev"
}
