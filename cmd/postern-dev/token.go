package main

import (
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func tokenCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "token",
		Short: "Print a token from the running postern-dev",
		Example: `  curl -H "Authorization: Bearer $(postern-dev token --user alice)" http://127.0.0.1:10000/customers/c-1/orders/7
  postern-dev token --user carol --scope 'orders:read orders:pay' --age 1h   # logged in an hour ago
  postern-dev token --client shop-batch                                     # no user: the client itself
  postern-dev token --user alice --ttl=-1m                                  # expired a minute ago
  postern-dev token --user alice --use id                                   # the wrong kind of token`,
		Args: cobra.NoArgs,
	}
	flags := pflag.NewFlagSet("token", pflag.ContinueOnError)
	flags.String("user", "", "whom the token speaks for")
	flags.String("client", "", "whom it was issued to; without --user, whom it speaks for")
	flags.String("aud", "", "its audience; by default that of serve")
	flags.String("scope", "", "its scopes, divided by spaces; by default all that the user has")
	flags.String("ttl", "", "how long it lives; negative: how long ago it expired")
	flags.String("acr", "", "how well the user logged in, in place of what the user has")
	flags.String("age", "", "how long ago the user logged in")
	flags.String("use", "", "access (the default) or id")
	c.Flags().AddFlagSet(flags)
	output := outputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		token, err := ask(c, http.MethodGet, "/dev/token", query(flags))
		if err != nil {
			return err
		}
		return output.print(c, string(token), map[string]string{"token": string(token)})
	}
	return c
}

// query returns the flags that were given, as parameters of the same names.
func query(flags *pflag.FlagSet) url.Values {
	values := url.Values{}
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Value.String() != "" {
			values.Set(f.Name, f.Value.String())
		}
	})
	return values
}
