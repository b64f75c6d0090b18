package jwtsvid_test

import (
	"fmt"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/jwtsvid"
)

func Example() {
	keys, err := jose.ParseJWTBundle([]byte(`{"keys": []}`)) // as the Workload API has it
	if err != nil {
		fmt.Println(err)
		return
	}
	bundle, err := jwtsvid.NewBundle(spiffeid.RequireTrustDomainFromString("shop.test"), keys)
	if err != nil {
		fmt.Println(err)
		return
	}
	bundles, err := jwtsvid.NewBundles(bundle)
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier, err := jwtsvid.New(identity.Provider{Name: "workloads", JWTSVID: &identity.JWTSVIDs{
		TrustDomain: "shop.test", Audiences: []string{"orders"}, Algorithms: identity.JWTSVIDAlgorithms(),
		MaxLifetime: time.Hour, MaxSize: 8 << 10,
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := jose.Parse("eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiJzcGlmZmU6Ly9zaG9wLnRlc3Qvd2ViIn0.AAAA", 8<<10)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = verifier.With(bundles).Verify(token, time.Now())
	fmt.Println(err)
	_, err = verifier.Verify(token, time.Now())
	fmt.Println(err)
	// Output:
	// token_key_unknown: no JWT authority of shop.test has this kid
	// keys_unavailable: the trust domain shop.test has no JWT bundle
}
