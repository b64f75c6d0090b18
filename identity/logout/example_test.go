package logout_test

import (
	"fmt"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/logout"
	"github.com/postern/postern/identity/mint"
)

// A logout token says whose session is over.
func ExampleVerifier() {
	key, _ := mint.NewKey("ES256", "k-1")
	keys, _ := jose.ParseKeySet(mint.JWKS(key))
	v, _ := logout.NewVerifier(config("shop-idp", mint.Issuer, identity.KeySource{}), "shop-web")

	now := time.Now()
	raw, _ := key.Sign(key.Header("logout+jwt"), claims(now))
	token, _ := jose.Parse(raw, logout.MaxToken)
	l, err := v.Verify(token, keys, now)
	fmt.Println(l.Session, l.Subject, err)

	access, _ := key.Sign(nil, mint.Claims(now))
	token, _ = jose.Parse(access, logout.MaxToken)
	_, err = v.Verify(token, keys, now)
	fmt.Println(err)
	// Output:
	// s-1 alice <nil>
	// token_type: the header's typ is not logout+jwt
}
