package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/postern/postern/policy/directory/revoke"
	"github.com/postern/postern/policy/syntax"
)

// revokeCommand is postern revoke: it writes and lifts entries of Revocation documents.
func revokeCommand() *cobra.Command {
	var f revokeFlags
	c := &cobra.Command{
		Use:   "revoke",
		Short: "Cut off a token, a user, a session, a key or a workload, and let in again",
		Long: `Writes an entry into a Revocation document below the policies, DIR/revocations/NAME.yaml. It is in
force within a second wherever postern serve reads that directory. What is cut off is

  tokens of a provider         --provider NAME with --token-id (jti), --session (sid),
                               --subject (sub), --key (kid), or --issued-before TIME, which
                               also narrows --subject
  one token, from its text     --token -, read from standard input and never shown; --by says
                               which of its claims. Its signature is not verified
  workloads                    --caller PATTERN
  certificates                 --trust-domain NAME with --serial HEX

until --until, a time (RFC 3339) or a while (90m, 24h, 7d). Left out, it is when the last token of
that provider that exists now has expired; for subjects without --issued-before, keys, workloads
and certificates it has to be said. Entries that have ended are taken out of the document.

--list shows what is cut off, --lift takes an entry out, by its name or position.

With --listen it is a server instead, which writes an entry whenever a provider says that somebody
logged out (OpenID Connect Back-Channel Logout). It answers at ` + "/backchannel-logout" + ` and /healthz.
A provider's logout tokens are made for a client, --client NAME=CLIENT_ID. An entry is about the
session (sid) where there is one, else the user; where access tokens have no sid, say
--logout subjects.

It ends with 0, with 1 when --list could not read everything, and with 2 when it did nothing.`,
		Example: `  postern revoke --policies policies --provider shop-idp --token-id 0194a0b0-7d1c
  postern revoke --policies policies --token - < token
  postern revoke --policies policies --provider shop-idp --subject alice --issued-before now
  postern revoke --policies policies --caller spiffe://shop.test/ns/shop/sa/web --until 7d --name taken-over
  postern revoke --policies policies --list
  postern revoke --policies policies --lift taken-over

  postern revoke --policies policies --listen 127.0.0.1:9904 --client shop-idp=shop-web`,
		Args: cobra.NoArgs,
		PreRunE: func(c *cobra.Command, _ []string) error {
			if f.listen == "" { // a tool does what its command line says alone
				return nil
			}
			alone, both := ofListening()
			return fromEnvironment(c.Flags(), append(alone, both...)...)
		},
		RunE: func(c *cobra.Command, _ []string) error {
			return f.run(c.Context(), c.Flags(), c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f.register(c.Flags())
	c.SetFlagErrorFunc(meantFlag)
	return c
}

// meantFlag says which flag was probably meant: tokens and documents have other words for the same.
func meantFlag(c *cobra.Command, err error) error {
	unknown := (*pflag.NotExistError)(nil)
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return quietFlag(c, err)
	}
	name := unknown.GetSpecifiedName()
	called := map[string]string{
		"user": "subject", "users": "subject", "sub": "subject", "jti": "token-id", "sid": "session", "kid": "key", "workload": "caller",
	}
	near := called[name]
	if near == "" {
		var known []string
		c.Flags().VisitAll(func(g *pflag.Flag) { known = append(known, g.Name) })
		near = syntax.Nearest(name, known)
	}
	if near == "" {
		return err
	}
	return fmt.Errorf("%w: did you mean --%s?", err, near)
}

// revokeFlags are the flags of postern revoke.
type revokeFlags struct {
	policies, secrets, document, output string
	dryRun, list                        bool
	lift                                string

	provider, token, by              string
	subjects, tokens, sessions, keys []string
	callers, serials                 []string
	trustDomain                      string
	until, issuedBefore, name        string

	listen, tlsCert, tlsKey, logout string
	issuerNetworks                  string
	clients                         []string
}

// The documents that are written where --document names none: those of operators and of providers
// apart, so that a flood of logouts takes nobody's room.
const (
	documentOfOperators = "revoked"
	documentOfProviders = "logged-out"
)

func (f *revokeFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.policies, "policies", "", "directory of policy documents (required)")
	flags.StringVar(&f.document, "document", "", `Revocation to write to; default "`+documentOfOperators+`", with --listen "`+documentOfProviders+`"`)
	flags.StringVar(&f.output, "output", "text", "text or json")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print what would be written, and write nothing")
	flags.BoolVar(&f.list, "list", false, "show the entries in force")
	flags.StringVar(&f.lift, "lift", "", "take out the entry with this name, or at this position")

	flags.StringVar(&f.provider, "provider", "", "IdentityProvider of what is cut off")
	flags.StringArrayVar(&f.subjects, "subject", nil, "all tokens of this user; repeatable")
	flags.StringArrayVar(&f.tokens, "token-id", nil, "the token with this jti; repeatable")
	flags.StringArrayVar(&f.sessions, "session", nil, "the tokens of the session with this sid; repeatable")
	flags.StringArrayVar(&f.keys, "key", nil, "the tokens that the key with this kid verifies; repeatable")
	flags.StringVar(&f.issuedBefore, "issued-before", "", "only tokens issued before this time (RFC 3339), or now")
	flags.StringVar(&f.token, "token", "", "-: read a token from standard input, unverified")
	flags.StringVar(&f.by, "by", "token", "what of --token is cut off: token, session, subject or key")
	flags.StringArrayVar(&f.callers, "caller", nil, "workloads whose SPIFFE ID matches this pattern; repeatable")
	flags.StringVar(&f.trustDomain, "trust-domain", "", "trust domain of the certificates")
	flags.StringArrayVar(&f.serials, "serial", nil, "the certificate with this serial number, hexadecimal; repeatable")
	flags.StringVar(&f.until, "until", "", "when the entry ends: a time (RFC 3339), or a while from now (24h, 7d)")
	flags.StringVar(&f.name, "name", "", "what records call the entry; default one that is made up")

	flags.StringVar(&f.listen, "listen", "", "receive logouts at unix:///PATH, or IP:PORT (TLS unless loopback)")
	flags.StringArrayVar(&f.clients, "client", nil, "PROVIDER=CLIENT_ID whose logouts are received; repeatable")
	flags.StringVar(&f.logout, "logout", "sessions", "what a logout cuts off: sessions (the user where there is none), or subjects")
	flags.StringVar(&f.tlsCert, "tls-cert", "", "file of the PEM certificate, and its chain, for --listen")
	flags.StringVar(&f.tlsKey, "tls-key", "", "file of its PEM key")
	flags.StringVar(&f.issuerNetworks, "issuer-networks", "", "CIDR,...: for --listen, as for postern serve")
	flags.StringVar(&f.secrets, "secrets", "", "directory of what file: in a document may name, for --listen")
}

// ofListening are the flags that are for --listen alone, and those that go with it.
func ofListening() (alone, both []string) {
	return []string{"client", "logout", "tls-cert", "tls-key", "secrets", "issuer-networks"}, []string{"listen", "policies", "document"}
}

// check refuses flags that have no use together.
func (f *revokeFlags) check(flags *pflag.FlagSet) error {
	if f.policies == "" {
		return errors.New("--policies: name the directory of the policy documents")
	}
	if f.output != "text" && f.output != "json" {
		return fmt.Errorf("--output: %q: text or json", f.output)
	}
	if err := checkNoToken(flags); err != nil {
		return err
	}
	alone, both := ofListening()
	var err error
	flags.Visit(func(g *pflag.Flag) {
		listening := slices.Contains(alone, g.Name)
		switch {
		case err != nil || slices.Contains(both, g.Name):
		case listening && f.listen == "":
			err = fmt.Errorf("--%s: is for --listen alone", g.Name)
		case !listening && f.listen != "":
			err = fmt.Errorf("--%s: has no use with --listen", g.Name)
		case (f.list || f.lift != "") && !slices.Contains([]string{"list", "lift", "output", "dry-run"}, g.Name):
			err = fmt.Errorf("--%s: has no use with --list or --lift", g.Name)
		}
	})
	if f.list && f.lift != "" {
		err = errors.New("--lift: has no use with --list")
	}
	return err
}

func (f *revokeFlags) run(ctx context.Context, flags *pflag.FlagSet, in io.Reader, out, errOut io.Writer) error {
	if err := f.check(flags); err != nil {
		return err
	}
	if f.listen != "" {
		return f.receive(ctx, errOut)
	}
	survey, err := revoke.Look(f.policies)
	if err != nil {
		return fmt.Errorf("--policies: %w", err)
	}
	switch {
	case f.list:
		return f.printList(out, errOut, survey, time.Now())
	case f.lift != "":
		return f.liftEntry(out, survey)
	}
	return f.write(in, out, survey, time.Now())
}

// liftEntry takes an entry out.
func (f *revokeFlags) liftEntry(out io.Writer, survey *revoke.Survey) error {
	found, err := survey.Find(strings.TrimPrefix(f.lift, strings.TrimSuffix(f.policies, "/")+"/"))
	if err != nil {
		return fmt.Errorf("--lift: %w", err)
	}
	if !f.dryRun {
		if _, err := revoke.NewStore(f.policies).Lift(found.File, found.RevocationEntry); err != nil {
			return err
		}
	}
	r := shownEntry("lifted", found.RevocationEntry, time.Now())
	if f.dryRun {
		r.What = "would be lifted"
	}
	for _, e := range survey.Remaining(found, time.Now()) {
		other := shownEntry("", e.RevocationEntry, time.Now())
		r.Still = append(r.Still, cmp.Or(other.Name, other.At)+": "+other.thing())
	}
	return f.printEntry(out, r)
}
