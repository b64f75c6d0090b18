package lint

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
)

// A sample is a request, in the parts that rules look at.
type sample struct {
	at     spot
	caller identity.Caller
	user   *identity.User // nil: none
	bad    bool           // a credential is presented, and bad
	fields fields
	source netip.Addr
	now    time.Time
}

// A spot is where a request goes.
type spot struct {
	method, host, upgrade string
	path                  []string
	call                  bool // as a gRPC call
}

// fields are headers.
type fields struct {
	list   []policy.Header
	joined bool // as HTTP/2 proxies may do
}

// A pool is what the parts of samples are taken from.
type pool struct {
	spots   []spot
	callers []identity.Caller
	users   []*identity.User
	fields  []fields
	sources []netip.Addr
}

// maxMixed is how many samples are mixed of every part of a pool.
const maxMixed = 24

// elsewhere returns an address that no rule names unless it means it.
func elsewhere() netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, 1}) }

// newSample returns a request for which all holds that a rule asks for, and nothing more.
func newSample(r *rule, now time.Time) sample {
	p := poolOf(r, now)
	return sample{at: p.spots[0], caller: p.callers[0], user: p.users[0], fields: p.fields[0], source: p.sources[0], now: now}
}

// samplesOf returns requests that are made of rules: for the first of them and the next, what it asks
// for with each part as every rule would have it; and then mixtures.
func samplesOf(rules []*rule, now time.Time) []sample {
	var all pool
	for _, r := range rules {
		p := poolOf(r, now)
		all.spots, all.callers, all.users = append(all.spots, p.spots...), append(all.callers, p.callers...), append(all.users, p.users...)
		all.fields, all.sources = append(all.fields, p.fields...), append(all.sources, p.sources...)
	}
	var samples []sample
	for _, r := range rules[:min(len(rules), 2)] {
		samples = append(samples, all.around(newSample(r, now))...)
	}
	for i := range uint64(maxMixed) {
		samples = append(samples, all.mix(i, now))
	}
	return samples
}

// around returns a sample with each of its parts in turn from the pool.
func (p *pool) around(base sample) []sample {
	all := []sample{base}
	add := func(n int, set func(s *sample, i int)) {
		for i := range n {
			s := base
			set(&s, i)
			all = append(all, s)
		}
	}
	add(len(p.spots), func(s *sample, i int) { s.at = p.spots[i] })
	add(len(p.callers), func(s *sample, i int) { s.caller = p.callers[i] })
	add(len(p.users), func(s *sample, i int) { s.user = p.users[i] })
	add(len(p.fields), func(s *sample, i int) { s.fields = p.fields[i] })
	add(len(p.sources), func(s *sample, i int) { s.source = p.sources[i] })
	add(1, func(s *sample, _ int) { s.user, s.bad = nil, true })
	return all
}

// mix returns a sample with parts that the number chooses.
func (p *pool) mix(number uint64, now time.Time) sample {
	x := (number + 1) * 0x9E3779B97F4A7C15 // Knuth's multiplier, which scatters what follows each other
	pick := func(n int) int {
		x ^= x >> 29
		i := int(x >> 8 % uint64(n))
		x *= 0xBF58476D1CE4E5B9
		return i
	}
	return sample{
		at: p.spots[pick(len(p.spots))], caller: p.callers[pick(len(p.callers))], user: p.users[pick(len(p.users))],
		fields: p.fields[pick(len(p.fields))], source: p.sources[pick(len(p.sources))], now: now,
	}
}

// poolOf returns the parts that one rule is about: first those that it asks for, then others that
// differ in as little as can be.
func poolOf(r *rule, now time.Time) pool {
	return pool{r.spots(), r.sampleCallers(), r.sampleUsers(now), r.sampleFields(), r.sampleSources()}
}

// maxParts bounds the parts of one sort that one rule has in a pool.
const maxParts = 4

func atMost[T any](all []T) []T { return slices.Clip(all[:min(len(all), maxParts)]) }

// spots returns where requests go that the rule is held against.
func (r *rule) spots() []spot {
	plain := spot{method: "GET", host: "plain.test", path: []string{"plain"}}
	var all []spot
	switch {
	case r.route != nil:
		all = r.route.spots()
	case r.policy != nil:
		for _, route := range r.policy.routes[:min(len(r.policy.routes), 3)] {
			all = append(all, route.spots()...)
		}
	default:
		a := &r.guard.area
		at := plain
		at.method, at.host = firstOf(a.methods, "GET"), firstOf(a.hosts, plain.host)
		switch {
		case a.service != "":
			at.method, at.path, at.call = "POST", []string{a.service, firstOf(a.calls, "Call")}, true
		case len(a.paths) > 0:
			at.path = example(a.paths[0])
		}
		all = append(all, at)
	}
	return append(atMost(all), plain)
}

// spots returns requests that go to a route.
func (r *route) spots() []spot {
	var all []spot
	for _, p := range r.area.paths[:min(len(r.area.paths), 3)] {
		at := spot{method: firstOf(r.area.methods, "GET"), host: firstOf(r.area.hosts, "plain.test"), path: example(p), call: r.area.call}
		if r.from.HTTP != nil {
			at.upgrade = firstOf(values(r.from.HTTP.Upgrade), "")
		}
		all = append(all, at)
		for _, m := range r.area.methods[min(len(r.area.methods), 1):] {
			other := at
			other.method = m
			all = append(all, other)
		}
	}
	return all
}

func (r *rule) sampleCallers() []identity.Caller {
	var all []identity.Caller
	add := func(text string) {
		if id, err := spiffeid.FromString(text); err == nil {
			all = append(all, identity.ProvenCaller(id, [32]byte{}))
		}
	}
	for _, part := range r.callers.parts {
		for _, i := range atMost(part.ids) {
			add(some(i.domain, i.segments))
		}
	}
	all = atMost(all)
	add("spiffe://plain.test/plain")
	return append(all, identity.Caller{})
}

// sampleUsers returns the user whom a rule asks for, others who lack one thing each, and none.
func (r *rule) sampleUsers(now time.Time) []*identity.User {
	if r.user == nil {
		return []*identity.User{nil}
	}
	full := func() *identity.User {
		u := &identity.User{Subject: "plain", Audiences: []string{"plain"}, Claims: map[string]any{"sub": "plain"}}
		r.user.fill(u)
		if r.user.maxAge > 0 {
			u.AuthTime = now.Add(-r.user.maxAge)
		}
		return u
	}
	all := []*identity.User{full()}
	add := func(change func(*identity.User)) {
		u := full()
		change(u)
		all = append(all, u)
	}
	for _, name := range r.user.providers {
		add(func(u *identity.User) { u.Provider = name })
	}
	for i, m := range r.user.single {
		if m == nil {
			continue
		}
		for _, value := range append(atMost(m.want), "plain") {
			add(func(u *identity.User) { *singleOf(u)[i] = value })
		}
	}
	for i, m := range r.user.several {
		if m == nil {
			continue
		}
		for _, value := range append(atMost(m.want), "plain") {
			add(func(u *identity.User) { *severalOf(u)[i] = []string{value} })
		}
	}
	if r.user.maxAge > 0 {
		add(func(u *identity.User) { u.AuthTime = now.Add(-r.user.maxAge - time.Second) })
		add(func(u *identity.User) { u.AuthTime = time.Time{} })
	}
	if r.user.bound != identity.BoundNot {
		add(func(u *identity.User) { u.Bound = identity.BoundNot })
	}
	return append(all, nil)
}

// sampleFields returns the headers that a rule asks for, others with one value each, and none.
func (r *rule) sampleFields() []fields {
	var base fields
	for _, name := range r.headerNames() {
		for _, value := range r.plainHeaders(name) {
			base.list = append(base.list, policy.Header{Name: name, Value: value})
		}
	}
	all := []fields{base}
	add := func(name string, values ...string) {
		list := slices.DeleteFunc(slices.Clone(base.list), func(h policy.Header) bool { return h.Name == name })
		for _, value := range values {
			list = append(list, policy.Header{Name: name, Value: value})
		}
		all = append(all, fields{list: list}, fields{list, true})
	}
	for _, name := range atMost(r.headerNames()) {
		add(name)
		add(name, "plain")
		add(name, append(slices.Clip(r.plainHeaders(name)), "plain")...)
		add(name, "plain,plainer")
	}
	for _, h := range atMost(r.headers) {
		if h.match == nil {
			continue
		}
		for _, value := range atMost(h.match.want) {
			add(h.name, value)
		}
		add(h.name, h.match.want...)
	}
	return append(all, fields{})
}

func (r *rule) sampleSources() []netip.Addr {
	var all []netip.Addr
	for _, p := range atMost(r.source) {
		all = append(all, p.Addr())
	}
	return append(all, elsewhere())
}

// request returns the request that the sample is. It is false when no request can be like that.
func (s *sample) request() (*policy.Request, bool) {
	escaped := make([]string, len(s.at.path))
	for i, segment := range s.at.path {
		escaped[i] = url.PathEscape(segment)
	}
	list := s.fields.list
	if s.at.call {
		list = append(slices.Clone(list), policy.Header{Name: "content-type", Value: "application/grpc"})
	}
	q := &policy.Request{
		ID: "d6e4c0c2-0000-4000-8000-000000000000", Time: s.now, HTTP2: true, Upgrade: s.at.upgrade,
		Headers: policy.NewHeaders(list, s.fields.joined), Source: s.source, Caller: s.caller,
	}
	var err [3]error
	q.Method, err[0] = policy.ParseMethod(s.at.method)
	q.Path, err[1] = policy.ParsePath("/" + strings.Join(escaped, "/"))
	q.Host, err[2] = policy.ParseHost(s.at.host)
	return q, err == [3]error{}
}

// credential returns what is found where the providers are looked for.
func (s *sample) credential(providers []string) identity.Credential {
	switch {
	case len(providers) == 0:
		return identity.Credential{}
	case s.bad:
		return identity.Credential{Presented: true, Reason: reason.TokenExpired}
	case s.user == nil || !slices.Contains(providers, s.user.Provider):
		return identity.Credential{Reason: reason.CredentialMissing}
	}
	return identity.Credential{Presented: true, User: s.user, Reason: reason.Allowed}
}

// String says what the request is, for whoever looks for the fault.
func (s *sample) String() string {
	text := fmt.Sprintf("%s %s/%s from %v", s.at.method, s.at.host, strings.Join(s.at.path, "/"), s.source)
	if !s.caller.IsZero() {
		text += " by " + s.caller.String()
	}
	if s.user != nil {
		text += fmt.Sprintf(" with user %s of %s", s.user.Subject, s.user.Provider)
	}
	for _, h := range s.fields.list {
		text += fmt.Sprintf(" with %s: %q", h.Name, h.Value)
	}
	return text
}
