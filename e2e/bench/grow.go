package main

import (
	"context"
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
		{"fields", "header fields", []int{10, 25, 50, 100}}, // Envoy adds 9 to whatever comes
		{"token", "bytes of the token", []int{512, 1024, 2048, 4096, 7680}},
		{"flight", "checks in flight", []int{1, 4, 16, 64, 256, 1_000}},
	}
}

// grow measures along the axes. All else is as in the direct part.
func (b *runner) grow(ctx context.Context, along []axis) error {
	small, err := b.world.Policies("policies", world.Size{Rules: 10})
	if err != nil {
		return err
	}
	plainly, err := b.own(ctx, noop, subject.Plain)
	if err != nil {
		return err
	}
	least, err := b.own(ctx, floor, subject.Floor)
	if err != nil {
		return err
	}
	ours, err := b.postern(ctx, postern, small, os.DevNull)
	if err != nil {
		return err
	}
	for _, a := range along {
		var plans []plan
		for _, point := range a.points {
			more, err := b.point(ctx, a, point, []*subject.Subject{plainly, least, ours})
			if err != nil {
				return fmt.Errorf("%d %s: %w", point, a.label, err)
			}
			plans = append(plans, more...)
		}
		if err := b.measure(ctx, plans); err != nil {
			return err
		}
	}
	return b.remember(plainly, least, ours)
}

// point plans the cells of one point. Where the policy is what grows, it has a Postern of its own.
func (b *runner) point(ctx context.Context, a axis, point int, servers []*subject.Subject) ([]plan, error) {
	flight := inFlight
	mtls := world.Request{Caller: b.world.Web, Path: world.PathMTLS}
	withToken := world.Request{Caller: b.world.Web, Path: world.PathJWT}
	size := 0
	var err error
	switch a.part {
	case "rules", "providers":
		grown := world.Size{Rules: 10, Providers: 1}
		if a.part == "rules" {
			grown.Rules = point
		} else {
			grown.Providers = point
		}
		if servers, err = b.grown(ctx, a, point, grown, servers[:2]); err != nil {
			return nil, err
		}
	case "fields":
		mtls.Fields, withToken.Fields = point, point
	case "token":
		size = point
	case "flight":
		flight = point
	}
	if withToken.Token, err = b.token(size); err != nil {
		return nil, err
	}
	var plans []plan
	for _, q := range []struct {
		name    string
		request world.Request
	}{{"mTLS", mtls}, {"JWT", withToken}} {
		if q.name == "mTLS" && (a.part == "token" || a.part == "providers") {
			continue // it has neither
		}
		wire, err := q.request.Check()
		if err != nil {
			return nil, err
		}
		for _, s := range servers {
			checker, err := b.dial(s)
			if err != nil {
				return nil, err
			}
			name, _, _ := strings.Cut(s.Name, "/")
			plans = append(plans, plan{&cell{Part: a.part, Case: strconv.Itoa(point), Server: name + ", " + q.name, X: float64(point)}, true,
				func(ctx context.Context, limit time.Duration, _ int) (load.Round, error) {
					return load.Closed(ctx, load.Limit{Time: limit}, checker.Loops(flight, func(int) []byte { return wire }, true), s.PID())
				}})
		}
	}
	return plans, nil
}

// grown starts a Postern with a policy of that size and puts it beside the others.
func (b *runner) grown(ctx context.Context, a axis, point int, size world.Size, others []*subject.Subject) ([]*subject.Subject, error) {
	say("starting Postern with %d %s", point, a.label)
	name := fmt.Sprintf("%s/%s-%d", postern, a.part, point)
	policies, err := b.world.Policies(fmt.Sprintf("%s-%d", a.part, point), size)
	if err != nil {
		return nil, err
	}
	s, err := b.postern(ctx, strings.ReplaceAll(name, "/", "-"), policies, os.DevNull)
	if err != nil {
		return nil, err
	}
	b.report.Memory = append(b.report.Memory, memory{Server: fmt.Sprintf("%s, %d %s", postern, point, a.label), Idle: s.Idle})
	s.Name = name
	return append(others[:len(others):len(others)], s), nil
}

// token returns one of about so many bytes, or of the common size for 0.
func (b *runner) token(size int) (string, error) {
	token, err := b.world.Token("ES256", 0)
	if more := (size - len(token)) * 3 / 4; err == nil && more > 16 { // base64
		token, err = b.world.Token("ES256", 0, mint.Set("padding", strings.Repeat("x", more-16)))
	}
	return token, err
}
