package main

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/postern/postern/deploy/sds"
	"github.com/postern/postern/extauthz/admin"
	"github.com/postern/postern/extauthz/metrics"
	"github.com/postern/postern/identity/trust"
)

// parseSDS reads --sds. On a port, every process of the host could fetch the private key.
func parseSDS(text string, listen address) (*address, error) {
	if text == "off" {
		return nil, nil
	}
	a, err := parseAddress(text)
	switch {
	case err != nil:
		return nil, err
	case a.network != "unix":
		return nil, fmt.Errorf("%q: the private key is handed out on a Unix socket alone: give unix:///PATH, or off", text)
	case a == listen:
		return nil, fmt.Errorf("%q is where checks are answered: give it a socket of its own", text)
	}
	return &a, nil
}

// secrets is the secret discovery service of a sidecar. A nil *secrets, without --sds, does nothing.
type secrets struct {
	server   *sds.Server
	api      *trust.WorkloadAPI
	at       address
	log      *zap.Logger
	listener net.Listener
}

// refusalsEvery is how often a line says what Envoy refuses.
const refusalsEvery = 10 * time.Second

func newSecrets(o settings, log *zap.Logger) (*secrets, error) {
	if o.sds == nil {
		return nil, nil
	}
	server, err := sds.New(sds.Config{Refused: (&refusals{log: log, every: refusalsEvery}).add})
	if err != nil {
		return nil, fmt.Errorf("--sds: %w", err)
	}
	return &secrets{server: server, api: o.api, at: *o.sds, log: log}, nil
}

func (s *secrets) bind(mode fs.FileMode) (err error) {
	if s == nil {
		return nil
	}
	if s.listener, err = s.at.listen(mode); err != nil {
		return fmt.Errorf("--sds: %w", err)
	}
	return nil
}

// give hands the newest on. What cannot be is left out, and Envoy keeps what it has of it.
func (s *secrets) give(next trust.State) {
	if s == nil {
		return
	}
	state := sds.State{Bundles: next.Bundles}
	if own, err := s.api.GetX509SVID(); err == nil {
		if state.Identity, err = sds.NewIdentity(own.ID, own.Certificates, own.PrivateKey); err != nil {
			s.log.Error("our own SVID cannot be handed to Envoy", zap.Error(err))
		}
	}
	if err := s.server.Update(state); err != nil {
		s.log.Error("Envoy is not given the newest certificates and bundles", zap.Error(err))
	}
}

// runSDS serves until ctx ends. Then Envoy keeps what it has, and asks a successor for the next.
func (s *sidecar) runSDS(ctx context.Context) error {
	if s.secrets == nil {
		return nil
	}
	s.log.Info("listening", zap.String("for", "sds"), zap.String("at", s.flags.sds))
	return s.secrets.server.Run(ctx, s.secrets.listener)
}

// parts says whether there is something to hand on, and whether Envoy takes it.
func (s *secrets) parts() admin.Readiness {
	if s == nil {
		return nil
	}
	own := s.server.State().Identity
	refusal, refusing := s.server.Refusing()
	part := admin.Part{Name: "sds", State: admin.OK, Detail: fmt.Sprintf("%v until %s", own, own.Expires().UTC().Format(time.RFC3339))}
	switch {
	case own.IsZero():
		part = admin.Part{Name: "sds", State: admin.Missing, Detail: "there is no SVID to hand to Envoy yet", Remedy: "register this process with the Workload API"}
	case time.Now().After(own.Expires()):
		part.State, part.Detail = admin.Missing, "the SVID has expired: "+part.Detail
		part.Remedy = "bring the Workload API back, which renews it"
	case refusing:
		part.State = admin.Degraded
		part.Detail = fmt.Sprintf("Envoy refuses %s, and goes on with what it has: %s", strings.Join(refusal.Names, ", "), refusal.Detail)
	}
	return admin.Readiness{part}
}

// metrics returns what counts, and nil without --sds.
func (s *secrets) metrics() func() metrics.Secrets {
	if s == nil {
		return nil
	}
	return func() metrics.Secrets {
		c := s.server.Counts()
		return metrics.Secrets{Streams: c.Streams, Pushes: c.Pushes, Refused: c.Refused}
	}
}
