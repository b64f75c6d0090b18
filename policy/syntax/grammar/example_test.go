package grammar_test

import (
	"fmt"

	"github.com/postern/postern/policy/syntax"
)

func Example() {
	kind, _ := syntax.Grammar().Kind("ServicePolicy")
	routes, _ := kind.Spec.Field("routes")
	route := routes.Value.List.Of.Object
	fmt.Println(route.What + ":")
	for _, f := range route.Fields {
		fmt.Println(" ", f.Name)
	}
	choice, _ := route.Choice("grpc")
	fmt.Println("exactly one of", choice.Fields)
	// Output:
	// a route:
	//   name
	//   http
	//   grpc
	//   allow
	//   deny
	// exactly one of [http grpc]
}
