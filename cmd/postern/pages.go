package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/postern/postern/extauthz/admin"
)

// A page is one HTTP listener about this process.
type page struct {
	flag     string
	at       address
	handler  http.Handler
	listener net.Listener // nil while a predecessor has the address
}

// bindPages opens the addresses of --admin and --status. A successor takes one that is in use
// for its predecessor's, and waits for it.
func (s *sidecar) bindPages(succeeds bool) ([]*page, error) {
	config := admin.Config{Ready: s.readiness, Snapshot: s.snapshot, Gatherer: s.metrics.Registry(), Addr: s.flags.admin}
	config.Keys = func() []byte { return s.signer.JWKS(time.Now()) }
	var pages []*page
	if s.admin != nil {
		pages = append(pages, &page{flag: "admin", at: *s.admin, handler: admin.New(config)})
	}
	if s.status != nil {
		pages = append(pages, &page{flag: "status", at: *s.status, handler: admin.Status(config)})
	}
	for _, p := range pages {
		var err error
		p.listener, err = p.at.listen(0)
		if err != nil && !(succeeds && errors.Is(err, syscall.EADDRINUSE)) {
			return nil, fmt.Errorf("--%s: %w (give another address, or off)", p.flag, err)
		}
	}
	return pages, nil
}

// runPages serves HTTP until the checks have drained, so that a probe sees why.
func (s *sidecar) runPages(context.Context) error {
	group, failed := errgroup.WithContext(context.Background())
	for _, p := range s.pages {
		server := admin.Server(p.handler)
		group.Go(func() error {
			if !s.await(p) {
				return nil
			}
			s.log.Info("listening", zap.String("for", p.flag), zap.String("at", p.listener.Addr().String()))
			if err := server.Serve(bound(p.listener)); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
		group.Go(func() error {
			select {
			case <-s.drained:
			case <-failed.Done():
			}
			return server.Close()
		})
	}
	return group.Wait()
}

// await waits for the address of a page, and is false when the process ends before it is free.
func (s *sidecar) await(p *page) bool {
	if p.listener == nil {
		s.log.Warn("another process has the address; taking it once it is free", zap.String("for", p.flag), zap.String("at", p.at.at))
	}
	for p.listener == nil {
		select {
		case <-s.drained:
			return false
		case <-time.After(100 * time.Millisecond):
		}
		if l, err := p.at.listen(0); err == nil {
			p.listener = l
		}
	}
	return true
}
