package condition_test

import (
	"fmt"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/condition"
)

func Example() {
	compiler := condition.NewCompiler()
	path := []condition.Param{{Name: "customer_id", Segment: 1}} // of /customers/{customer_id}

	_, err := compiler.Compile(`user.claim.customer_id == params.customer_id`, path)
	fmt.Println(err)

	own, err := compiler.Compile(`user.claims.customer_id == params.customer_id`, path)
	if err != nil {
		panic(err)
	}
	request := &condition.Input{
		Path: []string{"customers", "7"},
		User: &identity.User{Provider: "shop-idp", Claims: map[string]any{"customer_id": "7"}},
	}
	fmt.Println(own.Eval(request))

	request.User = &identity.User{Provider: "shop-idp"}
	fmt.Println(own.Eval(request))
	for _, seen := range own.Observe(request) {
		fmt.Println(seen.Line, seen.Column, seen.Expression, seen.Value, seen.Err)
	}
	// Output:
	// 1:1: unknown variable user.claim: did you mean user.claims?
	// true <nil>
	// false there is no customer_id
	// 1 1 user.claims.customer_id  there is no customer_id
	// 1 1 user.claims.customer_id == params.customer_id  there is no customer_id
}
