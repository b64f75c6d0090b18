package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/postern/postern/e2e/bench/load"
	"github.com/postern/postern/e2e/bench/subject"
	"github.com/postern/postern/e2e/bench/world"
	"github.com/postern/postern/identity/mint"
)

// The parts of the comparison.
const (
	direct  = "direct"
	envoyed = "envoy"
)

// Direct load is what Envoy with two workers does when it is busy.
const inFlight = 16

const manyRules = 10_000

// compare measures all servers with all cases.
func (b *runner) compare(ctx context.Context) error {
	servers, err := b.servers(ctx)
	if err != nil {
		return err
	}
	var plans []plan
	if b.part != envoyed {
		large, err := b.large(ctx)
		if err != nil {
			return err
		}
		if plans, err = b.direct(servers, large); err != nil {
			return err
		}
		servers = append(servers, large)
	}
	if b.part != direct {
		through, err := b.through(ctx, servers)
		if err != nil {
			return err
		}
		plans = append(plans, through...)
	}
	if err := b.measure(ctx, plans); err != nil {
		return err
	}
	return b.remember(servers...)
}

// servers starts those that all cases are measured with.
func (b *runner) servers(ctx context.Context) ([]*subject.Subject, error) {
	small, err := b.world.Policies("policies", world.Size{Rules: 10})
	if err != nil {
		return nil, err
	}
	say("starting the servers")
	var all []*subject.Subject
	var errs []error
	add := func(s *subject.Subject, err error) { all, errs = append(all, s), append(errs, err) }
	add(b.own(ctx, noop, subject.Plain))
	add(b.own(ctx, floor, subject.Floor))
	add(b.postern(ctx, postern, small, os.DevNull))
	add(b.postern(ctx, norecords, small, "off"))
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if s, err := b.opa(ctx); err != nil {
		b.report.note("%s is left out: %v", opa, err)
	} else if s != nil {
		all = append(all, s)
	}
	return all, nil
}

// opa starts OPA-Envoy, nil where it is not wanted.
func (b *runner) opa(ctx context.Context) (*subject.Subject, error) {
	binary := b.options.opa
	switch binary {
	case "off":
		return nil, nil
	case "build":
		say("building OPA-Envoy %s, once", subject.OPAVersion)
		var err error
		if binary, err = subject.BuildOPA(ctx); err != nil {
			return nil, err
		}
	}
	return b.keep(subject.OPA(ctx, opa, binary, b.dir, b.world))
}

// large starts a Postern with many rules.
func (b *runner) large(ctx context.Context) (*subject.Subject, error) {
	policies, err := b.world.Policies("large", world.Size{Rules: b.many})
	if err != nil {
		return nil, err
	}
	return b.postern(ctx, fmt.Sprintf("%s, %d rules", postern, manyRules), policies, os.DevNull)
}

// A question is one row of the table.
type question struct {
	name  string
	large bool // asked of the Postern with many rules
	allow bool
	once  string                    // "": one question; else the algorithm of tokens that are each seen once
	check func(round, n int) []byte // the CheckRequest
}

// direct plans what is asked of the servers themselves.
func (b *runner) direct(servers []*subject.Subject, large *subject.Subject) ([]plan, error) {
	questions, err := b.questions()
	if err != nil {
		return nil, err
	}
	checkers := map[*subject.Subject]*load.Checker{}
	for _, s := range append([]*subject.Subject{large}, servers...) {
		if checkers[s], err = b.dial(s); err != nil {
			return nil, err
		}
	}
	var plans []plan
	for _, q := range questions {
		for _, s := range servers {
			asked := s
			if q.large && s.Name == norecords {
				continue
			}
			if q.large && s.Name == postern {
				asked = large
			}
			allow := q.allow || s.Name == noop || s.Name == floor
			plans = append(plans, plan{&cell{Part: direct, Case: q.name, Server: s.Name}, q.once == "",
				func(ctx context.Context, limit time.Duration, round int) (load.Round, error) {
					l := load.Limit{Time: limit}
					if q.once != "" {
						l = load.Limit{Time: time.Minute, Count: b.once}
					}
					return load.Closed(ctx, l, checkers[asked].Loops(inFlight, func(n int) []byte { return q.check(round, n) }, allow), asked.PID())
				}})
		}
		if q.once != "" {
			run, err := verification(q.once)
			if err != nil {
				return nil, err
			}
			plans = append(plans, plan{&cell{Part: direct, Case: q.name, Server: verifier}, false, run})
		}
	}
	return plans, nil
}

// questions are the cases of the direct part.
func (b *runner) questions() ([]question, error) {
	token, err := b.world.Token("ES256", 0)
	if err != nil {
		return nil, err
	}
	var all []question
	var errs []error
	hot := func(name string, large, allow bool, caller *mint.SVID, path, token string) {
		wire, err := world.Request{Caller: caller, Path: path, Token: token}.Check()
		all, errs = append(all, question{name, large, allow, "", func(int, int) []byte { return wire }}), append(errs, err)
	}
	hot(caseMTLS, false, true, b.world.Web, world.PathMTLS, "")
	hot(caseJWT, false, true, b.world.Web, world.PathJWT, token)
	hot(caseDeny, false, false, b.world.Other, world.PathMTLS, "")
	hot(caseWhen, false, true, b.world.Web, world.PathWhen, token)
	hot(caseManyMTLS, true, true, b.world.Web, world.PathMTLS, "")
	hot(caseManyJWT, true, true, b.world.Web, world.PathJWT, token)
	for _, alg := range []string{"ES256", "RS256"} {
		say("signing %d tokens by %s", b.once*b.rounds, alg)
		wires, err := b.unseen(alg)
		all, errs = append(all, question{caseOnce(alg), false, true, alg, func(round, n int) []byte { return wires[round*b.once+n] }}), append(errs, err)
	}
	return all, errors.Join(errs...)
}

// unseen makes as many checks as all rounds have, each with a token of its own.
func (b *runner) unseen(alg string) ([][]byte, error) {
	wires := make([][]byte, b.once*b.rounds)
	errs := make([]error, len(wires))
	inParallel(len(wires), func(i int) {
		var token string
		if token, errs[i] = b.world.Token(alg, i+1); errs[i] == nil {
			wires[i], errs[i] = world.Request{Caller: b.world.Web, Path: world.PathJWT, Token: token}.Check()
		}
	})
	return wires, errors.Join(errs...)
}

// The cases.
const (
	caseMTLS     = "mTLS rule"
	caseJWT      = "JWT, one hot token"
	caseDeny     = "deny"
	caseWhen     = "JWT and a condition"
	caseManyMTLS = "10,000 rules, mTLS"
	caseManyJWT  = "10,000 rules, JWT"
)

func caseOnce(alg string) string { return "JWT seen once, " + strings.ToUpper(alg) }
