package main

import (
	"bytes"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
)

func rotateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "rotate",
		Short: "Rotate keys of the running postern-dev",
		Example: `  postern-dev rotate keys                    # nobody fails: published before its first use
  postern-dev rotate keys --lead 0s --keep 0s  # a token signed before this second fails
  postern-dev rotate ca --trust-domain partner.test
  postern-dev rotate svids`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	keys := rotateOne("keys", "the identity provider's signing key")
	ca := rotateOne("ca", "a trust domain's CA and JWT key")
	ca.Flags().String("trust-domain", "", "whose; by default the home trust domain's")
	for _, one := range []*cobra.Command{keys, ca} {
		one.Flags().String("lead", "", "how long the new one is published before its first use; by default --key-lead of serve")
		one.Flags().String("keep", "", "how long the old one is published after its last use; by default as long as what it signed lives")
	}
	c.AddCommand(keys, ca, rotateOne("svids", "every X.509-SVID"))
	return c
}

func rotateOne(what, short string) *cobra.Command {
	return &cobra.Command{Use: what, Short: "Rotate " + short, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		values := url.Values{}
		for flag, parameter := range map[string]string{"lead": "lead", "keep": "keep", "trust-domain": "trust_domain"} {
			if f := c.Flags().Lookup(flag); f != nil && f.Value.String() != "" {
				values.Set(parameter, f.Value.String())
			}
		}
		answer, err := ask(c, http.MethodPost, "/dev/rotate-"+what, values)
		if err != nil {
			return err
		}
		c.Println(string(bytes.TrimSpace(answer)))
		return nil
	}}
}
