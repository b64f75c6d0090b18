package trust

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"

	"github.com/postern/postern/identity/age"
)

const (
	firstRetry = 250 * time.Millisecond
	lastRetry  = 5 * time.Second
	// lastConnect is the same for connections, which a retry waits for: the two waits add up.
	lastConnect = time.Second
	// ping is how often a silent agent is asked whether it lives. grpc-go's servers take
	// offence at less than five minutes, and SPIRE's agent is one.
	ping = 6 * time.Minute
)

// A WorkloadAPIConfig says which Workload API to ask, and for what.
type WorkloadAPIConfig struct {
	Addr     string           // unix:///path or tcp://IP:port; "" for $SPIFFE_ENDPOINT_SOCKET
	Workload spiffeid.ID      // which SVID is ours; zero: the only one there is
	NeedSVID bool             // not ready without our own SVID, even where Workload says who we are
	MaxAge   time.Duration    // how long the last bundles serve when the agent is gone
	Now      func() time.Time // nil for time.Now
}

// WorkloadAPI is a Source of bundles, our own and those federated with it, from the SPIFFE
// Workload API, and the x509svid.Source of our own SVID.
type WorkloadAPI struct {
	config WorkloadAPIConfig
	own    atomic.Pointer[own]
}

// own is our SVID and how long it may be presented; the zero time is for as long as it lives.
type own struct {
	svid  *x509svid.SVID
	until time.Time
}

// NewWorkloadAPI checks the configuration. It asks nobody yet: an agent that is down is no
// error, but a State that is not ready.
func NewWorkloadAPI(config WorkloadAPIConfig) (*WorkloadAPI, error) {
	if config.Addr == "" {
		config.Addr, _ = workloadapi.GetDefaultAddress()
	}
	if config.Addr == "" {
		return nil, fmt.Errorf("no Workload API: give its address, such as unix:///run/spire/agent.sock, or set $%s", workloadapi.SocketEnv)
	}
	if err := workloadapi.ValidateAddress(config.Addr); err != nil {
		return nil, fmt.Errorf("the Workload API %q: %w; an address is unix:///run/spire/agent.sock or tcp://127.0.0.1:8081", config.Addr, err)
	}
	if config.MaxAge <= 0 {
		return nil, errors.New("the bundle age must be positive")
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	return &WorkloadAPI{config: config}, nil
}

// Run is Source.Run. It keeps trying for as long as ctx lives.
func (w *WorkloadAPI) Run(ctx context.Context, push func(State)) error {
	client, err := workloadapi.New(ctx,
		workloadapi.WithAddr(w.config.Addr),
		workloadapi.WithBackoffStrategy(retries{}),
		workloadapi.WithDialOptions(dialing()...))
	if err != nil {
		return fmt.Errorf("the Workload API %q: %w", w.config.Addr, err)
	}
	defer client.Close()
	watch := newWatcher(ctx, w, push)
	watch.push()
	for retry := (retries{}).NewBackoff(); ; {
		// The client gives up for good when an agent that shuts down says Canceled.
		_ = client.WatchX509Context(ctx, watch) // the watcher was told
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(retry.Next()):
		}
	}
}

// GetX509SVID returns our own SVID: it is an x509svid.Source. While the agent is gone the last
// one is kept for as long as the bundles are.
func (w *WorkloadAPI) GetX509SVID() (*x509svid.SVID, error) {
	o, now := w.own.Load(), w.config.Now()
	switch {
	case o == nil:
		return nil, errors.New("the Workload API gave us no SVID yet")
	case now.After(o.svid.Certificates[0].NotAfter):
		return nil, fmt.Errorf("our own SVID %s has expired", o.svid.ID)
	case !o.until.IsZero() && age.Reached(o.until, now):
		return nil, fmt.Errorf("the Workload API is gone for too long to present our own SVID %s", o.svid.ID)
	}
	return o.svid, nil
}

// retries is the workloadapi.BackoffStrategy: quick at first and never slow, as the agent is
// on this machine and a revocation may wait there.
type retries struct{}

// NewBackoff is part of workloadapi.BackoffStrategy.
func (retries) NewBackoff() workloadapi.Backoff { return &retry{next: firstRetry} }

type retry struct{ next time.Duration }

// Next is part of workloadapi.Backoff.
func (r *retry) Next() time.Duration {
	wait := r.next
	r.next = min(2*r.next, lastRetry)
	return wait - rand.N(wait/5) //nolint:gosec // jitter is no secret
}

// Reset is part of workloadapi.Backoff.
func (r *retry) Reset() { r.next = firstRetry }
