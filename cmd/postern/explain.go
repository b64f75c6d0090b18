package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/postern/postern/policy/directory"
	"github.com/postern/postern/policy/explain"
)

// explainCommand is postern explain: it says how a decision comes about.
func explainCommand() *cobra.Command {
	var f explainFlags
	c := &cobra.Command{
		Use:   "explain [DIR]",
		Short: "Say step by step how a request is decided, and what would change that",
		Long: `Reads a directory of policies, the current one unless it is named, decides one request, and
prints how that came about: the route and those that lost, each guardrail, each rule with which
of its parts held and what the request had, and the smallest change that would turn the decision.

The request is given by flags, by a curl command (--curl), which the flags overrule, or by a
decision record (--record). A token in a curl command is decoded and taken at its word: nothing
verifies its signature. A record has no path, header or claim; what it has is shown beside the
rules as they are now.

It ends with 0 when it could explain, whatever was decided, with 1 when the decision is not that of
--expect, and with 2 when it could not run.`,
		Example: `  postern explain policies/ --path /orders/7 --caller spiffe://shop.test/ns/shop/sa/web
  postern explain policies/ --path /orders/7 --user shop-idp/alice --scope orders:read --acr mfa
  postern explain --curl "curl -H 'authorization: Bearer eyJ…' https://orders.shop.test/orders/7"
  postern explain --record records.jsonl --request-id 6f1c9e0a-0b5d-4c6e-9d55-0d8f6f1c9e0a
  kubectl logs orders-0 -c postern | grep '"deny"' | tail -1 | postern explain --record -`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			f.dir = "."
			if len(args) == 1 {
				f.dir = args[0]
			}
			return f.run(c)
		},
	}
	f.register(c.Flags())
	c.SetFlagErrorFunc(quietFlag)
	for _, other := range []string{
		"curl", "method", "path", "grpc", "host", "header", "http2", "upgrade", "source", "caller", "at", "user", "client", "acr", "key-id",
		"audience", "scope", "role", "amr", "claim", "bound", "actor", "auth-age", "token-age", "credential",
	} {
		c.MarkFlagsMutuallyExclusive("record", other)
	}
	return c
}

// explainFlags are the flags of postern explain, and its argument.
type explainFlags struct {
	dir, secrets, workload, output, expect string
	record, requestID, at                  string
	authAge, tokenAge                      time.Duration
	question                               explain.Question
}

func (f *explainFlags) register(flags *pflag.FlagSet) {
	q := &f.question
	flags.StringVar(&f.secrets, "secrets", "", "directory of what file: in a policy may name")
	flags.StringVar(&f.workload, "workload", "", "the SPIFFE ID that is asked; default: the only one that the policies name")
	flags.StringVar(&f.output, "output", "text", "text or json")
	flags.StringVar(&f.expect, "expect", "", "end with 1 unless this is decided: allow or deny")
	flags.StringVar(&f.record, "record", "", "file with a decision record, or - for standard input")
	flags.StringVar(&f.requestID, "request-id", "", "choose the record of this request among several")
	flags.StringVar(&q.Curl, "curl", "", "a curl command line; what other flags say as well, they overrule")
	flags.StringVarP(&q.Method, "method", "X", "", "method; default GET")
	flags.StringVar(&q.Path, "path", "", "path, with its query")
	flags.StringVar(&q.GRPC, "grpc", "", "a gRPC call instead: package.Service/Method")
	flags.StringVar(&q.Host, "host", "", "host, with a port or without")
	flags.StringArrayVarP(&q.Headers, "header", "H", nil, "Name: value; repeatable")
	flags.BoolVar(&q.HTTP2, "http2", false, "the request is HTTP/2")
	flags.StringVar(&q.Upgrade, "upgrade", "", "the protocol that the request asks to switch to: websocket")
	flags.StringVar(&q.Source, "source", "", "IP address of the TCP peer")
	flags.StringVar(&q.Caller, "caller", "", "SPIFFE ID of the workload that calls; default: none")
	flags.StringVar(&f.at, "at", "", "time of the request, as 2027-01-31T12:00:00Z; default: now")
	flags.StringVar(&q.User, "user", "", "PROVIDER/SUBJECT of the proven user; default: none")
	flags.StringVar(&q.Client, "client", "", "client of the user's credential")
	flags.StringSliceVar(&q.Audience, "audience", nil, "audience of the credential; repeatable")
	flags.StringSliceVar(&q.Scopes, "scope", nil, "scope of the user; repeatable")
	flags.StringArrayVar(&q.Roles, "role", nil, "role of the user; repeatable")
	flags.StringVar(&q.ACR, "acr", "", "acr of the user's login")
	flags.StringSliceVar(&q.AMR, "amr", nil, "amr of the user's login; repeatable")
	flags.DurationVar(&f.authAge, "auth-age", 0, "how long ago the user logged in")
	flags.DurationVar(&f.tokenAge, "token-age", 0, "how long ago the credential was issued")
	flags.StringVar(&q.KeyID, "key-id", "", "id of the key that verified the credential")
	flags.StringVar(&q.Bound, "bound", "", "to what the credential is bound: mtls, the certificate of the caller")
	flags.StringArrayVar(&q.Actors, "actor", nil, "subject of who acts for the user, the current actor first; repeatable")
	flags.StringArrayVar(&q.Claims, "claim", nil, `NAME=JSON, as in level=3 or tier="gold"; repeatable`)
	flags.StringVar(&q.Credential, "credential", "", "the reason for which the credential is refused, as token_expired")
}

func (f *explainFlags) run(c *cobra.Command) error {
	errs := []error{oneOf("output", f.output, "text", "json")}
	if f.expect != "" {
		errs = append(errs, oneOf("expect", f.expect, "allow", "deny"))
	}
	if f.requestID != "" && f.record == "" {
		errs = append(errs, errors.New("--request-id chooses a record: give --record"))
	}
	now := time.Now()
	f.question.At = now
	if f.at != "" {
		var err error
		if f.question.At, err = time.Parse(time.RFC3339, f.at); err != nil {
			errs = append(errs, fmt.Errorf("--at: %q is no time as 2027-01-31T12:00:00Z", f.at))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if c.Flags().Changed("auth-age") {
		f.question.AuthAge = &f.authAge
	}
	if c.Flags().Changed("token-age") {
		f.question.TokenAge = &f.tokenAge
	}
	x, err := f.explain(c.InOrStdin(), now)
	if err != nil {
		return err
	}
	return f.print(c.OutOrStdout(), c.ErrOrStderr(), x)
}

// explain reads what is asked and answers it.
func (f *explainFlags) explain(stdin io.Reader, now time.Time) (*explain.Explanation, error) {
	var record explain.Record
	if f.record != "" {
		var err error
		if record, err = f.readRecord(stdin); err != nil {
			return nil, err
		}
	}
	content, err := directory.LoadOffline(f.dir, f.secrets)
	if err != nil {
		return nil, err
	}
	if err := checkWorkload(f.workload, content.Documents); err != nil {
		return nil, err
	}
	if f.workload == "" {
		if err := record.Among(content.Documents); err != nil {
			return nil, fmt.Errorf("%s: %w", f.dir, err)
		}
		named := explain.Workloads(content.Documents, record.Policy())
		if len(named) != 1 {
			return nil, whichWorkload(f.dir, named)
		}
		f.workload = named[0]
	}
	e, err := explain.New(content.Documents, explain.Options{Workload: f.workload, Digest: content.Digest, Now: now, Check: readable, Inspect: inspected})
	if err != nil {
		return nil, err
	}
	if f.record != "" {
		return e.Record(record), nil
	}
	return e.Explain(f.question)
}

// quietFlag says which flag is unknown without what stands in one word with it: of a curl command
// that lacks its quotes, -ualice:secret gets here.
func quietFlag(_ *cobra.Command, err error) error {
	if unknown := (*pflag.NotExistError)(nil); errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "" {
		return errors.New("unknown shorthand flag -" + unknown.GetSpecifiedName())
	}
	return err
}

func (f *explainFlags) readRecord(stdin io.Reader) (explain.Record, error) {
	if f.record == "-" {
		return explain.ReadRecord("standard input", stdin, f.requestID)
	}
	file, err := os.Open(f.record)
	if err != nil {
		return explain.Record{}, err
	}
	defer file.Close()
	return explain.ReadRecord(f.record, file, f.requestID)
}

func (f *explainFlags) print(out, errOut io.Writer, x *explain.Explanation) error {
	if f.output == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(x); err != nil {
			return err
		}
	} else if err := x.WriteText(out, wantsColour(out)); err != nil {
		return err
	}
	if f.expect != "" && f.expect != x.Decision {
		fmt.Fprintf(errOut, "postern: expected %s, and the decision is %s\n", f.expect, x.Decision)
		return errFound
	}
	return nil
}
