package assertion_test

import (
	"fmt"
	"time"

	"github.com/postern/postern/identity/assertion"
	"github.com/postern/postern/identity/jose"
)

func Example() {
	now := time.Now()
	signer, err := assertion.New(now)
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := signer.Sign(&assertion.Claims{
		Issuer: "spiffe://shop.test/ns/shop/sa/orders", Audience: "orders", ID: "1",
		Method: "GET", Host: "orders.shop.test", Path: "/healthz",
	}, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	keys, _ := jose.ParseKeySet(signer.JWKS(now)) // what /jwks.json answers
	parsed, _ := jose.Parse(token, assertion.MaxSize)
	key, known := keys.Find(parsed.KeyID())
	claims, err := parsed.Verify(key)
	fmt.Println(known, err, claims["aud"], claims["request"])
	// Output: true <nil> orders map[host:orders.shop.test method:GET path:/healthz]
}
