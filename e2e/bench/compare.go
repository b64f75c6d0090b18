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
)

// The parts of the comparison.
const (
	direct  = "direct"
	envoyed = "envoy"
)

// Direct load is what Envoy with two workers does when it is busy.
const inFlight = 16

const rules, manyRules = 10, 10_000

// compare measures all servers with all cases.
func (b *runner) compare(ctx context.Context) error {
	small, err := b.servers(ctx)
	if err != nil {
		return err
	}
	var plans []plan
	large := fleet{}
	if b.part != envoyed {
		if b.wantsLarge() {
			if large, err = b.withMany(ctx, small); err != nil {
				return err
			}
		}
		if plans, err = b.direct(ctx, small, large); err != nil {
			return err
		}
	}
	if b.part != direct {
		through, err := b.through(ctx, small)
		if err != nil {
			return err
		}
		plans = append(plans, through...)
	}
	if len(plans) == 0 && b.only != nil {
		return errNothing
	}
	if err := b.measure(ctx, plans); err != nil {
		return err
	}
	delete(large, noop) // they are the small ones
	delete(large, floor)
	return b.remember(append(small.all(), large.all()...)...)
}

// servers starts those that all cases are measured with.
func (b *runner) servers(ctx context.Context) (fleet, error) {
	small, err := b.world.Policies("policies", world.Size{Rules: rules})
	if err != nil {
		return nil, err
	}
	say("starting the servers")
	all := fleet{}
	var errs []error
	for name, kind := range map[string]subject.Kind{noop: subject.Plain, floor: subject.Floor, floorOne: subject.Least} {
		all[name], err = b.own(ctx, name, kind)
		errs = append(errs, err)
	}
	for name, record := range map[string]string{postern: os.DevNull, norecords: "off"} {
		all[name], err = b.postern(ctx, name, small, record)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return all, b.opa(ctx, all, opa, rules)
}

// opa adds OPA-Envoy with so many rules to a fleet, where it is wanted and to be had.
func (b *runner) opa(ctx context.Context, to fleet, name string, rules int) error {
	if b.options.opa == "build" {
		binary, err := subject.BuildOPA(ctx, os.Stderr)
		if err != nil {
			b.report.note("%s is left out: %v", opa, err)
			binary = "off"
		}
		b.options.opa, b.opaBuilt = binary, true
	}
	if b.options.opa == "off" {
		return nil
	}
	policy, err := b.world.Rego(fmt.Sprintf("rego-%d", rules), rules)
	if err != nil {
		return err
	}
	s, err := b.keep(subject.OPA(ctx, name, b.options.opa, b.dir, policy))
	if err != nil && !b.opaBuilt {
		return fmt.Errorf("-opa: %w", err)
	}
	if err != nil {
		b.report.note("%s is left out: %v", name, err)
		return ctx.Err()
	}
	to[opa] = s
	return nil
}

// withMany returns the servers that are asked with many rules: to those who have none it is the same.
func (b *runner) withMany(ctx context.Context, small fleet) (fleet, error) {
	say("starting those with %d rules", b.many)
	s, err := b.large(ctx)
	if err != nil {
		return nil, err
	}
	all := fleet{noop: small[noop], floor: small[floor], postern: s}
	return all, b.opa(ctx, all, many(opa), b.many)
}

// large starts a Postern with many rules.
func (b *runner) large(ctx context.Context) (*subject.Subject, error) {
	policies, err := b.world.Policies("large", world.Size{Rules: b.many})
	if err != nil {
		return nil, err
	}
	return b.postern(ctx, many(postern), policies, os.DevNull)
}

// many is the name of a server with many rules.
func many(server string) string { return fmt.Sprintf("%s, %d rules", server, manyRules) }

// A question is one row of the table.
type question struct {
	name  string
	allow bool
	once  string // "": one question; else the algorithm of tokens that are each seen once
	world.Request
}

// questions are the cases of the direct part.
func (b *runner) questions() ([]question, error) {
	token, err := b.world.Token("ES256", 0)
	mtls := world.Request{Caller: b.world.Web, Path: world.PathMTLS}
	jwt := world.Request{Caller: b.world.Web, Path: world.PathJWT, Token: token}
	return []question{
		{caseMTLS, true, "", mtls},
		{caseJWT, true, "", jwt},
		{caseDeny, false, "", world.Request{Caller: b.world.Other, Path: world.PathMTLS}},
		{caseWhen, true, "", world.Request{Caller: b.world.Web, Path: world.PathWhen, Token: token}},
		{caseManyMTLS, true, "", mtls},
		{caseManyJWT, true, "", jwt},
		{caseOnce("ES256"), true, "ES256", jwt},
		{caseOnce("RS256"), true, "RS256", jwt},
	}, err
}

// direct plans what is asked of the servers themselves.
func (b *runner) direct(ctx context.Context, small, large fleet) ([]plan, error) {
	questions, err := b.questions()
	if err != nil {
		return nil, err
	}
	var plans []plan
	for _, q := range questions {
		asked := small
		if q.name == caseManyMTLS || q.name == caseManyJWT {
			asked = large
		}
		more, err := b.row(ctx, q, asked)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.name, err)
		}
		plans = append(plans, more...)
	}
	return plans, nil
}

// row plans the cells of a question.
func (b *runner) row(ctx context.Context, q question, asked fleet) ([]plan, error) {
	names := asked.names()
	if q.once != "" {
		names = append(names, verifier)
	}
	if names = b.wanted(direct, q.name, names); len(names) == 0 {
		return nil, nil
	}
	checks, err := b.checks(ctx, q)
	if err != nil {
		return nil, err
	}
	var plans []plan
	for _, name := range names {
		p := plan{&cell{Part: direct, Case: q.name, Server: name}, q.once == "", nil}
		if name == verifier {
			p.run, err = verification(q.once)
		} else {
			p.run, err = b.asking(q, asked[name], name, checks[name == opa])
		}
		if err != nil {
			return nil, err
		}
		plans = append(plans, p)
	}
	return plans, nil
}

// asking returns the rounds of a server. No round asks what another did where tokens are to be
// seen once.
func (b *runner) asking(q question, s *subject.Subject, name string, checks [][]byte) (func(context.Context, time.Duration, int) (load.Round, error), error) {
	checker, err := b.dial(s)
	if err != nil {
		return nil, err
	}
	allow := q.allow || name == noop || name == floor || name == floorOne
	return func(ctx context.Context, limit time.Duration, round int) (load.Round, error) {
		l := load.Limit{Time: limit}
		if q.once != "" {
			l = load.Limit{Time: time.Minute, Count: b.once}
		}
		return load.Closed(ctx, l, checker.Loops(inFlight, func(n int) []byte { return checks[(round*b.once+n)%len(checks)] }, allow), s.PID())
	}, nil
}

// checks makes the CheckRequests of a question: one, or as many as all rounds have, each with a
// token of its own. OPA-Envoy is asked in Envoy's default encoding (true), the others raw (false).
func (b *runner) checks(ctx context.Context, q question) (map[bool][][]byte, error) {
	count := 1
	if q.once != "" {
		count = b.once * b.rounds
		say("signing %d tokens by %s", count, q.once)
	}
	raw, joined, errs := make([][]byte, count), make([][]byte, count), make([]error, count)
	err := inParallel(ctx, count, func(i int) {
		r := q.Request
		var err1, err2, err3 error
		if q.once != "" {
			r.Token, err1 = b.world.Token(q.once, i+1)
		}
		raw[i], err2 = r.Check()
		r.Joined = true
		joined[i], err3 = r.Check()
		errs[i] = errors.Join(err1, err2, err3)
	})
	return map[bool][][]byte{false: raw, true: joined}, errors.Join(err, errors.Join(errs...))
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
