// Command get fetches the pinned identity providers into the user's cache folder. What cannot be
// had for want of a tool is said and left out, and an error where CI=true.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/postern/postern/e2e/idp/keycloak"
	"github.com/postern/postern/e2e/idp/oidcprovider"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ok := fetch(ctx, os.Stdout, oidcprovider.Fetch, keycloak.Fetch)
	stop()
	if !ok && os.Getenv("CI") == "true" {
		os.Exit(1)
	}
}

// fetch says whether everything is there.
func fetch(ctx context.Context, progress io.Writer, all ...func(context.Context, io.Writer) error) bool {
	ok := true
	for _, one := range all {
		if err := one(ctx, progress); err != nil {
			fmt.Fprintln(progress, "left out:", err)
			ok = false
		}
	}
	return ok
}
