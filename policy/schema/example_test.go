package schema_test

import (
	"encoding/json"
	"fmt"

	"github.com/postern/postern/policy/schema"
	"github.com/postern/postern/policy/syntax"
)

func Example() {
	text, err := schema.Kind("Revocation")
	if err != nil {
		fmt.Println(err)
		return
	}
	var read struct {
		Title, Description string
		Required           []string
	}
	fmt.Println(json.Unmarshal(text, &read))
	fmt.Println(read.Title+":", read.Description)
	fmt.Println(read.Required)
	// Output:
	// <nil>
	// Revocation: What is cut off now. Each entry ends by itself.
	// [apiVersion kind metadata spec]
}

func ExampleMarkdown() {
	for _, o := range syntax.Grammar().Objects() {
		if o.What == "grpc" {
			fmt.Print(schema.Markdown(o))
		}
	}
	// Output:
	// | field | | |
	// |---|---|---|
	// | `service` | required | The full name: `shop.v1.Payments`. |
	// | `methods` | required | Names, as in `Charge`. `"*"` alone is every method. |
	// | `hosts` | | Names in lower case, without a port. Left out: any. |
}
