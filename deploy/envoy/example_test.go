package envoy_test

import (
	"fmt"
	"strings"

	"github.com/postern/postern/deploy/envoy"
)

func Example() {
	o := envoy.Defaults()
	o.SVIDDir = "/run/svid"
	var errs [4]error
	o.Workload, errs[0] = envoy.ParseWorkload("spiffe://shop.test/ns/shop/sa/orders")
	o.Listen, errs[1] = envoy.ParseAddress("0.0.0.0:8443")
	o.App, errs[2] = envoy.ParseAddress("127.0.0.1:8080")
	o.Authz, errs[3] = envoy.ParseAddress("unix:///run/postern/authz.sock")
	if errs != [4]error{} {
		fmt.Println(errs)
		return
	}
	text, err := envoy.Snippet(o)
	if err != nil {
		fmt.Println(err)
		return
	}
	for line := range strings.Lines(text) {
		if strings.Contains(line, "failure_mode_allow") || strings.Contains(line, "timeout: 0.2s") {
			fmt.Println(strings.TrimSpace(line))
		}
	}
	// Output:
	// timeout: 0.2s # Postern answers well before, also when it is overloaded
	// failure_mode_allow: false
}
