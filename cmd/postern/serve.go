package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sync/errgroup"

	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/svid"
	"github.com/postern/postern/identity/trust"
)

// serveOptions are the flags of postern serve.
type serveOptions struct {
	listen, listenMode    string
	admin, status, sds    string
	policies, secrets     string
	workload, workloadAPI string
	trustBundles          []string
	maxBundleAge          time.Duration
	callers               string
	issuerNetworks        string
	record, logLevel      string
	recordRequired        bool
	drain                 time.Duration
}

func serveCommand() *cobra.Command {
	o := serveOptions{}
	c := &cobra.Command{
		Use:   "serve",
		Short: "Answer Envoy's questions",
		Long: `Serve answers Envoy's external authorization checks for one workload.

It is ready once it has policies, trust bundles and, where --workload does not say it,
an identity of its own; ask /readyz on the admin address what is missing.`,
		Example: `  # on a laptop, with bundles from files
  postern serve --listen unix:///tmp/authz.sock --policies ./policies \
    --workload spiffe://shop.test/ns/shop/sa/orders --trust-bundle shop.test=bundle.pem

  # next to a pod, with SPIRE; Envoy gets its certificate here too
  postern serve --policies /etc/postern/policies --workload-api unix:///run/spire/agent.sock \
    --sds unix:///run/postern/sds.sock`,
		Args:    cobra.NoArgs,
		PreRunE: func(c *cobra.Command, _ []string) error { return fromEnvironment(c.Flags()) },
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := untilSignal(c.Context())
			defer stop()
			return serve(ctx, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.listen, "listen", "unix:///run/postern/authz.sock", "where Envoy asks: unix:///PATH, or IP:PORT (mTLS unless loopback)")
	f.StringVar(&o.listenMode, "listen-mode", "0660", "file mode of the Unix sockets")
	f.StringVar(&o.sds, "sds", "off", "where Envoy gets its certificate, key and bundles (SDS): unix:///PATH, or off; whoever can open it has the key")
	f.StringVar(&o.admin, "admin", "127.0.0.1:9902", "where /healthz, /readyz, /metrics, /jwks.json and /snapshot are: loopback IP:PORT, or off")
	f.StringVar(&o.status, "status", "off", "where /healthz, /readyz, /metrics and /jwks.json alone are, for kubelets, Prometheus and the workload: IP:PORT, or off")
	f.StringVar(&o.policies, "policies", "", "directory of policy documents, *.yaml, watched (required)")
	f.StringVar(&o.secrets, "secrets", "", "directory of what file: in a document may name")
	f.StringVar(&o.workload, "workload", "", "SPIFFE ID of the workload to protect; default the ID of our own SVID")
	f.StringVar(&o.workloadAPI, "workload-api", "", "SPIFFE Workload API: unix:///PATH or tcp://IP:PORT; default $SPIFFE_ENDPOINT_SOCKET")
	f.StringArrayVar(&o.trustBundles, "trust-bundle", nil, "TRUST_DOMAIN=FILE, PEM or SPIFFE bundle JSON, watched; repeatable; instead of --workload-api")
	f.DurationVar(&o.maxBundleAge, "max-bundle-age", 24*time.Hour, "how long the last bundles serve when their source is gone")
	f.StringVar(&o.callers, "callers", "verified", "verified, or asserted-by-envoy=TRUST_DOMAIN,...: take Envoy's word where it delivers no certificate (read SECURITY.md first)")
	f.StringVar(&o.issuerNetworks, "issuer-networks", "", "CIDR,...: link-local or metadata networks in which issuers may be nevertheless; default none")
	f.StringVar(&o.record, "record", "-", "decision records, a line of JSON each: - (standard output), a file, or off")
	f.BoolVar(&o.recordRequired, "record-required", false, "allow nothing that could not be recorded")
	f.DurationVar(&o.drain, "drain", 5*time.Second, "how long checks under way may take to finish after SIGTERM")
	f.StringVar(&o.logLevel, "log-level", "info", "debug, info, warn or error; the log is on standard error")
	return c
}

// settings are the flags, parsed.
type settings struct {
	flags    serveOptions
	listen   address
	mode     fs.FileMode
	admin    *address // nil: off
	status   *address // nil: off
	sds      *address // nil: off
	workload spiffeid.ID
	asserted svid.Asserted
	networks keys.Networks // issuers may be there, too
	level    zapcore.Level
	source   bundleSource
	api      *trust.WorkloadAPI // nil: bundles come from files
}

// parse checks every flag and reports all that is wrong at once; the sources of trust, which
// several flags make together, when those are fine.
func (o serveOptions) parse() (settings, error) {
	s := settings{flags: o}
	var errs []error
	check := func(flag string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("--%s: %w", flag, err))
		}
	}
	var err error
	s.listen, err = parseAddress(o.listen)
	check("listen", err)
	mode, err := strconv.ParseUint(o.listenMode, 8, 9)
	check("listen-mode", err)
	s.mode = fs.FileMode(mode)
	s.admin, err = parsePage(o.admin)
	check("admin", err)
	if err == nil && s.admin != nil && !s.admin.loopback() {
		check("admin", errors.New("must be on loopback, since it shows what is loaded: --status serves the rest elsewhere"))
	}
	s.status, err = parsePage(o.status)
	check("status", err)
	s.sds, err = parseSDS(o.sds, s.listen)
	check("sds", err)
	if o.policies == "" {
		check("policies", errors.New("name the directory of the policy documents"))
	}
	if o.workload != "" {
		s.workload, err = svid.ParseID(o.workload)
		check("workload", err)
	}
	s.asserted, err = parseCallers(o.callers)
	check("callers", err)
	s.networks, err = keys.ParseNetworks(o.issuerNetworks)
	check("issuer-networks", err)
	if o.recordRequired && o.record == "off" {
		check("record-required", errors.New("nothing can be allowed with --record off"))
	}
	if o.maxBundleAge <= 0 {
		check("max-bundle-age", errors.New("must be more than 0"))
	}
	if o.drain <= 0 {
		check("drain", errors.New("must be more than 0"))
	}
	s.level, err = zapcore.ParseLevel(o.logLevel)
	check("log-level", err)
	if len(errs) == 0 {
		check(s.openTrust())
	}
	return s, errors.Join(errs...)
}

// openTrust makes the source of bundles, and names the flag that an error is about.
func (s *settings) openTrust() (flag string, err error) {
	mtls := !s.listen.loopback()
	if len(s.flags.trustBundles) == 0 {
		s.api, err = trust.NewWorkloadAPI(trust.WorkloadAPIConfig{
			Addr: s.flags.workloadAPI, Workload: s.workload, NeedSVID: mtls || s.sds != nil, MaxAge: s.flags.maxBundleAge,
		})
		s.source = s.api
		return "workload-api", err
	}
	switch {
	case s.flags.workloadAPI != "":
		return "trust-bundle", errors.New("bundles come from files or from --workload-api: give one of the two")
	case s.sds != nil:
		return "sds", errors.New("bundles from files come without a certificate and key to hand to Envoy: use --workload-api")
	case s.workload.IsZero():
		return "workload", errors.New("bundles from files do not say who we are: name the workload to protect")
	case mtls:
		return "listen", errors.New("an address that is not loopback needs mTLS, and so an SVID from --workload-api: listen on a Unix socket or on loopback")
	}
	var files []trust.File
	for _, flag := range s.flags.trustBundles {
		f, err := trust.ParseFile(flag)
		if err != nil {
			return "trust-bundle", err
		}
		files = append(files, f)
	}
	s.source, err = trust.OpenFiles(files, s.flags.maxBundleAge)
	return "trust-bundle", err
}

// parsePage reads the address of an HTTP listener, or off.
func parsePage(text string) (*address, error) {
	if text == "off" {
		return nil, nil
	}
	a, err := parseAddress(text)
	if err == nil && a.network != "tcp" {
		err = fmt.Errorf("%q: give IP:PORT, or off", text)
	}
	return &a, err
}

func parseCallers(text string) (svid.Asserted, error) {
	if text == "verified" {
		return svid.Asserted{}, nil
	}
	domains, ok := strings.CutPrefix(text, "asserted-by-envoy=")
	if !ok {
		return svid.Asserted{}, fmt.Errorf("%q: give verified, or asserted-by-envoy=TRUST_DOMAIN,...", text)
	}
	return svid.ParseAsserted(domains)
}

// serve runs everything as one group: when one part ends, all do.
func serve(ctx context.Context, o serveOptions) error {
	settings, err := o.parse()
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGPIPE) // when the reader of our records goes away, we count them as failed
	s, err := newSidecar(settings, os.Stderr)
	if err != nil {
		return err
	}
	defer s.close()
	ctx, stop := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	err = s.start(ctx, group)
	if err != nil {
		stop()
	}
	err = errors.Join(err, group.Wait())
	stop()
	if errors.Is(err, context.Canceled) { // told to stop before it had begun
		return nil
	}
	return err
}

// start starts every part, in the order in which they need one another.
func (s *sidecar) start(ctx context.Context, group *errgroup.Group) error {
	start := func(parts ...func(context.Context) error) {
		for _, part := range parts {
			group.Go(func() error { return part(ctx) })
		}
	}
	start(s.runPolicies)
	if err := s.awaitPolicies(ctx); err != nil {
		return err
	}
	start(s.runRevocations)
	if err := s.awaitRevocations(ctx); err != nil {
		return err
	}
	start(s.runTrust, s.runJWTBundles, s.runProviders, s.runReopen)
	if err := s.bind(ctx); err != nil {
		return err
	}
	s.settle()
	start(s.threads.run, s.runChecks, s.runPages, s.runSDS)
	return nil
}
