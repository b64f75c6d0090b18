package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/postern/postern/extauthz"
	"github.com/postern/postern/extauthz/metrics"
	"github.com/postern/postern/extauthz/record"
	"github.com/postern/postern/extauthz/socket"
	"github.com/postern/postern/identity/assertion"
	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/trust"
	"github.com/postern/postern/policy/directory"
)

// A sidecar is one postern serve: its parts, wired.
type sidecar struct {
	settings
	log     *zap.Logger
	current *extauthz.Current
	records *record.Writer
	metrics *metrics.Metrics
	users   *provider.Manager
	signer  *assertion.Signer
	watcher *directory.Watcher
	policy  policies
	revoked revocations
	trust   atomic.Pointer[trust.State]
	jwt     atomic.Pointer[trust.JWTState]
	checks  *grpc.Server
	authz   *extauthz.Server
	threads *processors

	listener net.Listener
	pages    []*page
	secrets  *secrets // nil without --sds

	drained     chan struct{} // closed when no check is under way any more
	draining    atomic.Bool
	configuring atomic.Bool // policies and providers change together
}

func newSidecar(o settings, logs io.Writer) (*sidecar, error) {
	log := newLogger(o.level, logs)
	s := &sidecar{settings: o, log: log, current: &extauthz.Current{}, drained: make(chan struct{}), threads: newProcessors()}
	s.watcher = directory.NewWatcher(o.flags.policies, o.flags.secrets, quiet, s.threads.hold)
	s.trust.Store(&trust.State{})
	s.jwt.Store(&trust.JWTState{})
	s.policy.first = make(chan error, 1)
	s.policy.known.Store(&policyState{workload: o.workload})
	s.revoked.first = make(chan error, 1)
	s.revoked.known.Store(&revocationState{})
	var err error
	if s.signer, err = assertion.New(time.Now()); err != nil {
		return nil, err
	}
	s.current.Update(func(sn *extauthz.Snapshot) { sn.Assertions = s.signer })
	if s.records, err = record.Open(o.flags.record, record.Options{Required: o.flags.recordRequired, Log: log}); err != nil {
		return nil, fmt.Errorf("--record: %w", err)
	}
	if s.secrets, err = newSecrets(o, log); err != nil {
		return nil, err
	}
	s.users = provider.NewManager(provider.Options{Changed: func(*provider.Set) { s.usersChanged() }, Report: reportKeys(log), Networks: s.networks})
	s.metrics = metrics.New(metrics.Config{
		Version:  buildVersion(),
		Ready:    func() bool { return s.readiness().OK() },
		InFlight: func() int64 { return s.authz.InFlight() },
		Records:  s.records.Counts,
		Bundles:  s.bundleMetrics,
		Keys:     s.keyMetrics,
		Revoked:  s.revocationMetrics,
		Secrets:  s.secrets.metrics(),
	})
	s.authz = extauthz.New(extauthz.Config{
		Current: s.current, Records: s.records, Metrics: s.metrics, Log: log, Now: time.Now,
	})
	s.checks = s.newServer()
	return s, nil
}

// window is how much of one check Envoy may send before we read it, in bytes: more than all but
// those with a request's body have. streamWorkers is how many checks find a goroutine with a stack.
const (
	window        = 1 << 20
	streamWorkers = 16
)

// newServer returns the gRPC server. Its limit on messages is as wide as it can be, since one
// that grpc-go refuses never reaches us, and Envoy's failure_mode_allow would let it in: the
// place to bound a request's body is Envoy's with_request_body.
func (s *sidecar) newServer() *grpc.Server {
	options := []grpc.ServerOption{
		grpc.ForceServerCodecV2(extauthz.Codec()),
		grpc.MaxRecvMsgSize(1<<31 - 1),
		// Windows that do not move: grpc-go else pings Envoy again and again to size them.
		grpc.StaticStreamWindowSize(window),
		grpc.StaticConnWindowSize(4 * window),
		// A goroutine that is used again has its stack already.
		grpc.NumStreamWorkers(streamWorkers),
		grpc.InTapHandle(s.authz.Arrive),
	}
	if !s.listen.loopback() {
		options = append(options, grpc.Creds(credentials.NewTLS(s.serverTLS())))
	}
	server := grpc.NewServer(options...)
	s.authz.Register(server)
	healthv1.RegisterHealthServer(server, extauthz.Health{Ready: func() bool { return s.readiness().OK() }})
	return server
}

// serverTLS admits the Envoy beside the workload, which presents the workload's own SVID. No
// session is resumed, since resumption would skip the verification.
func (s *sidecar) serverTLS() *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		GetCertificate:         tlsconfig.GetCertificate(s.api),
		ClientAuth:             tls.RequireAnyClientCert,
		SessionTicketsDisabled: true,
		VerifyConnection: func(c tls.ConnectionState) error {
			return s.admit(c.PeerCertificates)
		},
	}
}

func (s *sidecar) admit(sent []*x509.Certificate) error {
	peer, err := s.trust.Load().Bundles.VerifyChain(sent, time.Now())
	if err != nil {
		return err
	}
	if self := s.protected(); peer.String() != self {
		return fmt.Errorf("the client is %s: only the Envoy of %s may ask", peer, self)
	}
	return nil
}

// handover is how long a successor waits to be ready before it takes the socket over.
const handover = 10 * time.Second

// bind opens every listener, so that a clash is an error at once, and the checks' last: while
// another process answers on the Unix socket, its place is taken only by one that is ready.
func (s *sidecar) bind(ctx context.Context) (err error) {
	succeeds := s.listen.answers() || s.sds != nil && s.sds.answers()
	if s.pages, err = s.bindPages(succeeds); err != nil {
		return err
	}
	if succeeds {
		if err := s.awaitReady(ctx); err != nil {
			return err
		}
	}
	if s.listener, err = s.listen.listen(s.mode); err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	return s.secrets.bind(s.mode)
}

// awaitReady waits to be ready. A successor that is not leaves its predecessor in place.
func (s *sidecar) awaitReady(ctx context.Context) error {
	late, places := time.After(handover), s.flags.listen
	if s.sds != nil {
		places += " or " + s.flags.sds
	}
	for !s.readiness().OK() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-late:
			return fmt.Errorf("another process answers on %s, and this one is not ready to take over after %v:\n%v", places, handover, s.readiness())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// runChecks serves until ctx is done, and then lets what is under way finish.
func (s *sidecar) runChecks(ctx context.Context) error {
	defer close(s.drained)
	s.log.Info("listening", zap.String("for", "checks"), zap.String("at", s.flags.listen), zap.String("version", buildVersion()))
	failed := make(chan error, 1)
	go func() { failed <- s.checks.Serve(socket.Direct(s.listener)) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.log.Info("draining", zap.Duration("at_most", s.flags.drain))
	s.draining.Store(true)
	late := time.AfterFunc(s.flags.drain, s.checks.Stop)
	defer late.Stop()
	s.checks.GracefulStop()
	return nil
}

// runTrust feeds bundles to the snapshot.
func (s *sidecar) runTrust(ctx context.Context) error {
	return s.source.Run(ctx, func(next trust.State) {
		before := s.trust.Swap(&next)
		s.current.Update(func(sn *extauthz.Snapshot) {
			sn.Callers.Bundles, sn.Callers.Asserted = next.Bundles, s.asserted
		})
		s.secrets.give(next)
		s.reportTrust(*before, next)
		s.protect(next.Self)
	})
}

func (s *sidecar) runProviders(ctx context.Context) error {
	s.users.Run(ctx)
	return nil
}

// runReopen opens a file of records anew at SIGHUP, as logrotate wants.
func (s *sidecar) runReopen(ctx context.Context) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hup:
			if err := s.records.Reopen(); err != nil {
				s.log.Error("the records could not be reopened; they go where they went", zap.Error(err))
			}
		}
	}
}

// usersChanged takes over new keys. While policies and providers change together, it leaves
// that to swap, which does it when both have.
func (s *sidecar) usersChanged() {
	if !s.configuring.Load() {
		s.current.Update(func(sn *extauthz.Snapshot) { sn.Users = s.users.Current() })
	}
}

// reportKeys logs how the keys of an issuer are, whenever that changes.
func reportKeys(log *zap.Logger) func(keys.Status) {
	return func(k keys.Status) {
		failed := "keys could not be fetched; the last good ones serve until they are stale"
		if k.Keys == 0 {
			failed = "keys could not be fetched, and there are none: the tokens of this issuer get 503"
		}
		switch {
		case k.Forbidden:
			log.Warn(failed, zap.Any("keys", k), zap.String("advice", "name the issuer's network with --issuer-networks if it belongs there"))
		case k.Error != "":
			log.Warn(failed, zap.Any("keys", k))
		default:
			log.Info("keys fetched", zap.Any("keys", k))
		}
	}
}

// lastRecords is how long the records that wait at the end may take to be written.
const lastRecords = 5 * time.Second

// close writes the records that wait.
func (s *sidecar) close() {
	ctx, cancel := context.WithTimeout(context.Background(), lastRecords)
	defer cancel()
	if err := s.records.Close(ctx); err != nil {
		s.log.Error("records were lost", zap.Error(err))
	}
	s.log.Info("stopped")
}
