package tree_test

import (
	"fmt"

	"github.com/postern/postern/policy/syntax/tree"
)

func ExampleRead() {
	parts, _ := tree.Split([]byte("name: orders\nports: [80, 443]\n"))
	node, _ := tree.Read(parts[0])
	for key, value := range node.Fields() {
		fmt.Println(key.Text, value.Line, value.Column, value.Text, len(value.Items))
	}
	// Output:
	// name 1 7 orders 0
	// ports 2 8  2
}
