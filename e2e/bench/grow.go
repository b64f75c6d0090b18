package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/e2e/bench/load"
	"github.com/postern/postern/e2e/bench/subject"
	"github.com/postern/postern/e2e/bench/world"
	"github.com/postern/postern/identity/mint"
)

// An axis is one thing that can grow.
type axis struct {
	part, label string
	points      []int
}

func axes() []axis {
	return []axis{
		{"rules", "rules", []int{10, 100, 1_000, 10_000, 100_000}},
		{"providers", "providers that a rule accepts", []int{1, 3, 10, 30, 100}},
		{"fields", "header fields", []int{5, 10, 25, 50, 100}}, // Envoy adds 9, and tells 5 at least
		{"token", "bytes of the token", []int{512, 1024, 2048, 4096, 7680}},
		{"flight", "checks in flight", []int{1, 4, 16, 64, 256, 1_000}},
	}
}

// grow measures along the axes. All else is as in the direct part.
func (b *runner) grow(ctx context.Context, along []axis) error {
	b.options.opa = "off" // what it costs with 10 rules is in the comparison
	servers, err := b.servers(ctx)
	if err != nil {
		return err
	}
	measured := false
	var failed []error
	for _, a := range along {
		var plans []plan
		var grown []*subject.Subject
		for _, point := range a.points {
			if len(b.columns(a, point)) == 0 {
				continue
			}
			asked := servers
			if a.part == "rules" || a.part == "providers" {
				s, err := b.grown(ctx, a, point)
				if err != nil {
					return fmt.Errorf("%d %s: %w", point, a.label, err)
				}
				grown = append(grown, s)
				asked = fleet{noop: servers[noop], floor: servers[floor], postern: s}
			}
			more, err := b.point(a, point, asked)
			if err != nil {
				return fmt.Errorf("%d %s: %w", point, a.label, err)
			}
			plans = append(plans, more...)
		}
		if len(plans) == 0 {
			continue
		}
		measured = true
		failed = append(failed, b.measure(ctx, plans))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failed = append(failed, b.remember(grown...))
		for _, s := range grown {
			s.Kill() // the next axis needs the memory
		}
	}
	if !measured && b.only != nil {
		return errNothing
	}
	return errors.Join(append(failed, b.remember(servers.all()...))...)
}

// columns are the servers and requests of a point, as "server, request", that are to be measured.
func (b *runner) columns(a axis, point int) []string {
	var all []string
	for _, request := range []string{"JWT", "mTLS"} {
		for _, server := range []string{noop, floor, postern, norecords} {
			switch {
			case request == "mTLS" && (a.part == "token" || a.part == "providers"): // without a token neither matters
			case server == norecords && a.part != "flight": // what records cost does not depend on anything else
			default:
				all = append(all, server+", "+request)
			}
		}
	}
	return b.wanted(a.part, strconv.Itoa(point), all)
}

// grown starts a Postern with a policy that has as much as the point says.
func (b *runner) grown(ctx context.Context, a axis, point int) (*subject.Subject, error) {
	say("starting Postern with %d %s", point, a.label)
	size := world.Size{Rules: 10, Providers: point}
	if a.part == "rules" {
		size = world.Size{Rules: point, Providers: 1}
	}
	name := fmt.Sprintf("%s-%d", a.part, point)
	policies, err := b.world.Policies(name, size)
	if err != nil {
		return nil, err
	}
	s, err := b.postern(ctx, name, policies, os.DevNull)
	if err == nil {
		s.Name = fmt.Sprintf("%s, %d %s", postern, point, a.label)
	}
	return s, err
}

// point plans the cells of one point.
func (b *runner) point(a axis, point int, servers fleet) ([]plan, error) {
	flight := inFlight
	mtls := world.Request{Caller: b.world.Web, Path: world.PathMTLS}
	withToken := world.Request{Caller: b.world.Web, Path: world.PathJWT}
	size := 0
	switch a.part {
	case "fields":
		mtls.Fields, withToken.Fields = point, point
	case "token":
		size = point
	case "flight":
		flight = point
	}
	var err error
	if withToken.Token, err = b.token(size); err != nil {
		return nil, err
	}
	requests := map[string]world.Request{"JWT": withToken, "mTLS": mtls}
	var plans []plan
	for _, column := range b.columns(a, point) {
		comma := strings.LastIndex(column, ", ")
		server, request := column[:comma], column[comma+2:]
		wire, err := requests[request].Check()
		if err != nil {
			return nil, err
		}
		s := servers[server]
		checker, err := b.dial(s)
		if err != nil {
			return nil, err
		}
		plans = append(plans, plan{&cell{Part: a.part, Case: strconv.Itoa(point), Server: column, X: float64(point)}, true,
			func(ctx context.Context, limit time.Duration, _ int) (load.Round, error) {
				return load.Closed(ctx, load.Limit{Time: limit, Shed: a.part == "flight"}, checker.Loops(flight, func(int) []byte { return wire }, true), s.PID())
			}})
	}
	return plans, nil
}

// token returns one of about so many bytes, or of the common size for 0.
func (b *runner) token(size int) (string, error) {
	token, err := b.world.Token("ES256", 0)
	if more := (size - len(token)) * 3 / 4; err == nil && more > 16 { // base64
		token, err = b.world.Token("ES256", 0, mint.Set("padding", strings.Repeat("x", more-16)))
	}
	return token, err
}
