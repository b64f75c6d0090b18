package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/postern/postern/e2e/bench/front"
	"github.com/postern/postern/e2e/bench/load"
	"github.com/postern/postern/e2e/bench/subject"
	"github.com/postern/postern/e2e/bench/world"
	"github.com/postern/postern/e2e/envoy"
)

// flights are how many requests are under way at once. A sidecar mostly has one.
func flights() []int { return []int{1, 8, 64} }

func caseThrough(name string, flight int) string {
	return fmt.Sprintf("%s, %d in flight", name, flight)
}

// through plans what is asked through the real Envoy. Where there is none, nothing is, which is an
// error if nothing else was asked for.
func (b *runner) through(ctx context.Context, servers fleet) ([]plan, error) {
	var behind []front.Server
	for _, name := range servers.names() {
		behind = append(behind, front.Server{Name: name, Socket: servers[name].Socket, Joined: name == opa})
	}
	f, err := front.Start(ctx, b.world, behind)
	if errors.Is(err, envoy.ErrNotFound) && b.part != envoyed {
		b.report.note("nothing was asked through Envoy: %v", err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b.closes = append(b.closes, f.Close)
	ways := []way{{name: front.Alone, processes: []int{f.PID()}}, {name: front.Native, processes: []int{f.PID()}}}
	for _, name := range servers.names() {
		ways = append(ways, way{name: name, server: servers[name], processes: []int{f.PID(), servers[name].PID()}})
	}
	for i := range ways {
		if ways[i].browsers, err = b.connect(f.Addr[ways[i].name]); err != nil {
			return nil, fmt.Errorf("%s: %w", ways[i].name, err)
		}
	}
	return b.requests(ways)
}

// A way leads through Envoy to one of the servers, or to none.
type way struct {
	name      string
	browsers  []*load.Browser
	server    *subject.Subject // nil: none
	processes []int            // that answer
}

// requests plans every case on every way.
func (b *runner) requests(ways []way) ([]plan, error) {
	token, err := b.world.Token("ES256", 0)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(ways))
	for i, w := range ways {
		names[i] = w.name
	}
	var plans []plan
	for _, flight := range flights() {
		for _, c := range []struct {
			name    string
			request world.Request
		}{
			{caseMTLS, world.Request{Caller: b.world.Web, Path: world.PathMTLS}},
			{caseJWT, world.Request{Caller: b.world.Web, Path: world.PathJWT, Token: token}},
		} {
			text := c.request.HTTP()
			wanted := b.wanted(envoyed, caseThrough(c.name, flight), names)
			for _, w := range ways {
				if !slices.Contains(wanted, w.name) {
					continue
				}
				var loops []load.Loop
				for _, browser := range w.browsers[:flight] {
					loops = append(loops, browser.Loop(func(int) []byte { return text }, 200))
				}
				if w.server != nil {
					b.asks(w.server)
				}
				plans = append(plans, plan{&cell{Part: envoyed, Case: caseThrough(c.name, flight), Server: w.name}, true,
					func(ctx context.Context, limit time.Duration, _ int) (load.Round, error) {
						return load.Closed(ctx, load.Limit{Time: limit}, loops, w.processes...)
					}})
			}
		}
	}
	return plans, nil
}

// connect opens as many connections as there are requests in flight at most.
func (b *runner) connect(addr string) ([]*load.Browser, error) {
	var all []*load.Browser
	for range flights()[len(flights())-1] {
		browser, err := load.Connect(addr, b.world.Web.TLSCertificate())
		if err != nil {
			return nil, err
		}
		b.closes = append(b.closes, func() { browser.Close() })
		all = append(all, browser)
	}
	return all, nil
}
