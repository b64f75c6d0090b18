package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/postern/postern/cmd/postern-dev/rundir"
)

const about = `postern-dev plays the two services that Postern learns identities from: a SPIFFE Workload
API and an OpenID Connect provider. FOR DEVELOPMENT ONLY: whoever runs as you gets every
identity, passwords are public, and nothing can be reached from another machine.

Start it, and leave it running:

  postern-dev serve --workload spiffe://shop.test/ns/shop/sa/web \
                    --workload spiffe://shop.test/ns/shop/sa/orders

Each workload has a directory with its Workload API socket and, for Envoy and curl, its
certificate: web/api.sock, web/svid.pem, web/key.pem, web/bundle.pem.

Then ask for tokens, and rotate keys to see what holds:

  TOKEN=$(postern-dev token --user alice --scope orders:read)
  postern-dev rotate keys
  postern-dev rotate ca --keep 0s

Built-in users are alice (customer c-1), bob (c-2) and carol (c-3, admin, logged in by mfa);
each password is the name. Every flag can come from the environment: --dir is POSTERN_DEV_DIR.`

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:               "postern-dev",
		Short:             "A Workload API and an identity provider for a laptop",
		Long:              about,
		Args:              cobra.NoArgs,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRunE: func(c *cobra.Command, _ []string) error { return fromEnvironment(c.Flags()) },
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.PersistentFlags().String("dir", rundir.Default(), "the directory of sockets and files of one running postern-dev")
	root.AddCommand(serveCommand(), tokenCommand(), rotateCommand(), versionCommand())
	return root
}

// fromEnvironment gives each flag that the command line leaves out the value of its variable.
func fromEnvironment(flags *pflag.FlagSet) error {
	var failed error
	flags.VisitAll(func(f *pflag.Flag) {
		name := "POSTERN_DEV_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value, set := os.LookupEnv(name)
		if f.Changed || !set || failed != nil {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			failed = fmt.Errorf("%s: %w", name, err)
		}
	})
	return failed
}
