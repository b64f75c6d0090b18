package claims_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/claims"
	"github.com/postern/postern/identity/reason"
)

func Example() {
	provider := identity.Provider{Name: "shop-idp", JWT: &identity.JWTIssuer{
		Issuer: "https://idp.shop.test/", Audiences: []string{"shop-api"}, Use: identity.UseAccess, MaxLifetime: time.Hour,
	}}
	verified, err := claims.New(provider).Read(map[string]any{
		"sub": "alice", "aud": "shop-api", "iat": json.Number("1795348800"), "exp": json.Number("1795349100"),
	}, "k1")
	if err != nil {
		fmt.Println(err)
		return
	}
	user, err := verified.For(time.Unix(1795348800, 0), identity.Caller{})
	fmt.Println(user.Subject, err)
	_, err = verified.For(time.Unix(1795349100, 0), identity.Caller{})
	fmt.Println(err)
	// Output:
	// alice <nil>
	// token_expired: exp was 0s ago
}

// FuzzRead: who comes out of a claim set is sound and within its bounds, and an error says nothing of
// what was claimed.
func FuzzRead(f *testing.F) {
	for _, members := range []string{
		``, `"act":{"sub":"a","act":{"sub":"b"}}`, `"cnf":{"x5t#S256":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}`, `"nbf":1795348800.5`,
		`"realm":{"roles":["a"]},"scope":["a","b"]`, `"typ":"Bearer","nonce":"n"`, `"events":{}`, `"sub":null`,
	} {
		text, err := json.Marshal(set(f, members))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	readers := map[*claims.Reader]time.Duration{}
	for _, p := range []identity.Provider{issuer(), idTokens(), workloads()} {
		readers[claims.New(p)] = p.Terms().MaxLifetime
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		all := map[string]any{}
		if d.Decode(&all) != nil {
			return
		}
		for r, longest := range readers {
			verified, err := r.Read(all, "k1")
			if err == nil {
				_, err = verified.ForOwner(now)
			}
			if err != nil {
				if reason.Of(err).Status() != 401 {
					t.Fatal(err)
				}
				continue
			}
			u, err := verified.For(now, identity.Caller{})
			if _, bound := all["cnf"]; bound {
				if reason.Of(err) != reason.TokenBinding {
					t.Fatalf("bound, and good for nobody: %v", err)
				}
				continue
			}
			if err != nil || !sound(u, longest) {
				t.Fatalf("%+v, %v", u, err)
			}
		}
	})
}

func sound(u *identity.User, longest time.Duration) bool {
	for _, a := range u.Actors {
		if a.Subject == "" || len(a.Subject) > identity.MaxText {
			return false
		}
	}
	life := u.Expires.Sub(u.IssuedAt)
	return u.Subject != "" && len(u.Subject) <= identity.MaxText && !strings.ContainsAny(u.Subject, "\n\r\x00\x7f") && len(u.Actors) <= identity.MaxActors &&
		len(u.Audiences) > 0 && life > 0 && life <= longest && u.Expires.Add(30*time.Second).After(now)
}
