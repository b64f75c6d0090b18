package usage_test

import (
	"fmt"
	"os"

	"github.com/postern/postern/e2e/bench/usage"
)

func Example() {
	before, err := usage.CPU(os.Getpid())
	if err != nil {
		fmt.Println("asked for it:", err)
		return
	}
	after, err := usage.CPU(os.Getpid())
	fmt.Println(after >= before, err)
}
