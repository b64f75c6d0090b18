package spire

import (
	"context"
	"crypto/tls"
	"sync"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

// An Update is what an agent said, and when.
type Update struct {
	At time.Time
	*workloadapi.X509Context
}

// Roots returns how many authorities the update has for a trust domain, 0 when it has no bundle.
func (u Update) Roots(trustDomain string) int {
	for _, b := range u.Bundles.Bundles() {
		if b.TrustDomain().Name() == trustDomain {
			return len(b.X509Authorities())
		}
	}
	return 0
}

// SVID returns the SVID with that ID, nil when the update has none.
func (u Update) SVID(id string) *x509svid.SVID {
	for _, s := range u.SVIDs {
		if s.ID.String() == id {
			return s
		}
	}
	return nil
}

// A Watch keeps what an agent offers the test's own process. It is safe for concurrent use.
type Watch struct {
	t       testing.TB
	mu      sync.Mutex
	updates []Update
	svids   map[string]*x509svid.SVID // the newest of each
	faults  []error
}

// NewWatch asks the agent until the test ends.
func NewWatch(t testing.TB, a *Agent) *Watch {
	t.Helper()
	w := &Watch{t: t, svids: map[string]*x509svid.SVID{}}
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil { // an agent that shuts down ends it
			_ = workloadapi.WatchX509Context(ctx, w, workloadapi.WithAddr(a.Address()))
		}
	})
	t.Cleanup(func() {
		cancel()
		done.Wait()
	})
	return w
}

// OnX509ContextUpdate is part of workloadapi.X509ContextWatcher.
func (w *Watch) OnX509ContextUpdate(c *workloadapi.X509Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.updates = append(w.updates, Update{time.Now(), c})
	for _, s := range c.SVIDs {
		w.svids[s.ID.String()] = s
	}
}

// OnX509ContextWatchError is part of workloadapi.X509ContextWatcher.
func (w *Watch) OnX509ContextWatchError(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, err)
}

// Updates returns everything that the agent said.
func (w *Watch) Updates() []Update {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Update(nil), w.updates...)
}

// SVID returns the newest SVID with that ID, also while an update leaves it out; nil when there
// never was one.
func (w *Watch) SVID(id string) *x509svid.SVID {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.svids[id]
}

// Await returns the first update from number from on for which holds is true.
func (w *Watch) Await(what string, from int, holds func(Update) bool) Update {
	w.t.Helper()
	for deadline := time.Now().Add(ready); ; time.Sleep(2 * time.Millisecond) {
		all := w.Updates()
		for i := from; i < len(all); i++ {
			if holds(all[i]) {
				return all[i]
			}
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("the agent did not say in time: %s (%d updates; %v)", what, len(all), w.faults)
		}
	}
}

// TLS returns the TLS of a client that presents the SVID. Who the server is does not matter to
// the tests, which speak to it on the loopback interface.
func TLS(s *x509svid.SVID) *tls.Config {
	certificate := tls.Certificate{PrivateKey: s.PrivateKey}
	for _, c := range s.Certificates {
		certificate.Certificate = append(certificate.Certificate, c.Raw)
	}
	return &tls.Config{
		InsecureSkipVerify:   true,
		ServerName:           "orders.shop.test",
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil },
	}
}
