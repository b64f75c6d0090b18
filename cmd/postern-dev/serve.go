package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/postern/postern/cmd/postern-dev/authority"
	"github.com/postern/postern/cmd/postern-dev/files"
	"github.com/postern/postern/cmd/postern-dev/loopback"
	"github.com/postern/postern/cmd/postern-dev/rundir"
	"github.com/postern/postern/cmd/postern-dev/state"
	"github.com/postern/postern/cmd/postern-dev/workloadapi"
)

// warning is what every start says.
const warning = `
  *** postern-dev is FOR DEVELOPMENT ONLY ***
  Whoever runs as this user gets every identity, the test users' passwords are public, and
  tokens are handed out for the asking. Trust its CAs and tokens nowhere but here.

`

// settings are the flags of serve.
type settings struct {
	dir, state, listen           string
	trustDomain                  string
	federate, workloads          []string
	svidTTL                      time.Duration
	issuer, audience, algorithm  string
	users                        string
	tokenTTL, keyLead, keyPeriod time.Duration
}

func serveCommand() *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the Workload API and the identity provider until interrupted",
		Long: `Serves until interrupted. When everything is there, one line of JSON on standard output and
DIR/ready.json say where:

  DIR/api.sock               a Workload API whose callers are every workload
  DIR/NAME/api.sock          a Workload API whose callers are this workload
  DIR/NAME/svid.pem …        its certificate, key.pem, bundle.pem, TRUST_DOMAIN.pem of each domain
                             and bundles.json with all of them; all replaced at once, for Envoy's
                             watched_directory
  DIR/_bundles/              TRUST_DOMAIN.pem, TRUST_DOMAIN.json and bundles.json, for whoever has
                             no identity
  DIR/idp-ca.pem             who vouches for the identity provider's certificate

The file of --users has the people and programs that may have tokens:

  users:
    carol: {password: carol, scopes: [orders:read], roles: [buyer], acr: mfa, claims: {customer_id: "7"}}
  clients:
    shop-spa: {scopes: [orders:read]}
    nightly: {secret: not-a-secret, scopes: [orders:read]}`,
		Example: `  postern-dev serve
  postern-dev serve --workload spiffe://shop.test/ns/shop/sa/web --svid-ttl 1m
  postern-dev serve --federate partner.test --workload spiffe://partner.test/app --workload front=spiffe://shop.test/ns/shop/sa/web
  postern-dev serve --issuer https://idp.shop.test/ --users users.yaml --state ~/.postern-dev
  curl --cacert DIR/idp-ca.pem 'https://127.0.0.1:8440/dev/token?user=alice'`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var err error
			if s.dir, err = c.Flags().GetString("dir"); err != nil {
				return err
			}
			return serve(c.Context(), s, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	s.register(c)
	return c
}

func (s *settings) register(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&s.state, "state", "", "keep CAs and signing keys in this directory, so that a restart changes nothing; by default in memory")
	f.StringVar(&s.listen, "listen", "127.0.0.1:8440", "where the identity provider listens (HTTPS); port 0 for any")
	f.StringVar(&s.trustDomain, "trust-domain", "shop.test", "the home trust domain")
	f.StringArrayVar(&s.federate, "federate", nil, "another trust domain, with a CA of its own; repeatable")
	f.StringArrayVar(&s.workloads, "workload", nil, "[NAME=]SPIFFE_ID of a workload; repeatable (default web and orders of namespace shop)")
	f.DurationVar(&s.svidTTL, "svid-ttl", time.Hour, "how long an X.509-SVID lives; it is replaced at half of it")
	f.StringVar(&s.issuer, "issuer", "", "iss of the tokens, when it is not the URL of the identity provider")
	f.StringVar(&s.audience, "audience", "shop-api", "aud of an access token for which none was asked")
	f.StringVar(&s.algorithm, "algorithm", "ES256", "how tokens are signed: RS256 to PS512, ES256 to ES512, EdDSA")
	f.StringVar(&s.users, "users", "", "a YAML `FILE` of users and clients, in place of the built-in ones: see above")
	f.DurationVar(&s.tokenTTL, "token-ttl", 5*time.Minute, "how long a token lives")
	f.DurationVar(&s.keyLead, "key-lead", 30*time.Second, "how long a new key or CA is published before its first use")
	f.DurationVar(&s.keyPeriod, "key-period", 0, "how often the signing key rotates by itself (default never)")
}

// serve constructs every part in the order in which they need each other, and runs them until
// ctx ends or one fails.
func serve(ctx context.Context, s settings, out, errOut io.Writer) (err error) {
	fmt.Fprint(errOut, warning)
	dir, err := rundir.Open(s.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	kept, err := state.Open(s.state)
	if err != nil {
		return err
	}
	issuer, err := newAuthority(s, kept)
	if err != nil {
		return err
	}
	keeper, err := files.NewKeeper(dir.Path(""), issuer)
	if err != nil {
		return err
	}
	listener, err := loopback.Listen(s.listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	idp, err := newIdentityProvider(s, kept, issuer, dir.Path(caFile), baseURL(listener))
	if err != nil {
		return err
	}
	sockets, err := workloadapi.Listen(issuer, socketsOf(dir, issuer)...)
	if err != nil {
		return err
	}

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return issuer.Run(ctx) })
	group.Go(func() error { return keeper.Run(ctx) })
	group.Go(func() error { return sockets.Run(ctx) })
	group.Go(func() error { return idp.run(ctx, listener, errOut) })
	// Every listener is there already: whoever connects now waits a moment and is served.
	group.Go(func() error { return announce(dir, issuer, idp, out) })
	return group.Wait()
}

func announce(dir *rundir.Dir, issuer *authority.Authority, idp *identityProvider, out io.Writer) error {
	line, err := dir.Announce(describe(dir, issuer, idp))
	if err != nil {
		return err
	}
	_, err = out.Write(line)
	return err
}

func baseURL(listener net.Listener) string { return "https://" + listener.Addr().String() }
