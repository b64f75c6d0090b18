package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	pace       = 40 * time.Millisecond // between two requests of the traffic
	loginEvery = time.Second           // how often alice logs in anew, so that new keys are used at once
)

// A traffic is alice at the front door, again and again, while something else goes on. It is
// for one goroutine.
type traffic struct {
	sent   int
	failed int
	first  string // the first failure
}

func (t *traffic) count(failure string) {
	t.sent++
	if failure == "" {
		return
	}
	t.failed++
	if t.first == "" {
		t.first = failure
	}
}

// underTraffic runs what while alice reads her order about 20 times a second, each time over a
// new connection and through both services. Nothing of it may fail.
func (d *demo) underTraffic(ctx context.Context, what func(context.Context) error) error {
	inner, stop := context.WithCancel(ctx)
	t := &traffic{}
	var running sync.WaitGroup
	running.Go(func() { d.mesh.keepReading(inner, t) })
	err := what(ctx)
	stop()
	running.Wait()
	if err != nil {
		return err
	}
	d.line("")
	text := fmt.Sprintf("meanwhile alice read her order through web and orders %d times: %d failed", t.sent, t.failed)
	if t.first != "" {
		text += ", the first with " + t.first
	}
	d.check(t.sent > 0 && t.failed == 0, "%s", text)
	return nil
}

func (m *mesh) keepReading(ctx context.Context, t *traffic) {
	var token string
	var loggedIn time.Time
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for ctx.Err() == nil {
		failure := ""
		if time.Since(loggedIn) > loginEvery {
			fresh, err := m.login(ctx, "alice")
			if err != nil {
				failure = err.Error()
			}
			token, loggedIn = fresh, time.Now()
		}
		if failure == "" {
			failure = m.readOnce(ctx, token)
		}
		if ctx.Err() != nil {
			return // what was cut off is no failure
		}
		t.count(failure)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

func (m *mesh) readOnce(ctx context.Context, token string) (failure string) {
	config, err := m.tlsOf("", m.web)
	if err != nil {
		return err.Error()
	}
	status, body, err := m.exchange(ctx, request{to: "web", line: "GET /account/orders/1001", tokens: []string{token}}, config)
	switch {
	case err != nil:
		return err.Error()
	case status != 200 && body.Orders != nil:
		return fmt.Sprintf("%d %s of orders", status, body.Orders.Reason)
	case status != 200:
		return fmt.Sprintf("%d %s", status, body.Reason)
	}
	return ""
}
