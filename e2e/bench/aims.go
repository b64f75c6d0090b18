package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/postern/postern/e2e/bench/front"
	"github.com/postern/postern/e2e/bench/sample"
)

// An aim is a figure that Postern shall not exceed.
type aim struct {
	name                  string
	memory                bool // bytes, not a ratio
	limit                 float64
	measured, least, most float64
}

// of sets what was measured: the median, and how far the values lie apart.
func (a *aim) of(values []float64) {
	s := sample.Summarize(values)
	a.measured, a.least, a.most = s.Median, s.Least, s.Most
}

func (a aim) text(value float64) string {
	if a.memory {
		return megabytes(int64(value))
	}
	return fmt.Sprintf("%.2f", value)
}

// spread is empty for what was measured once.
func (a aim) spread() string {
	if a.least == a.most {
		return ""
	}
	return a.text(a.least) + " to " + a.text(a.most)
}

func (a aim) verdict() string {
	if a.measured <= a.limit {
		return "met"
	}
	return "missed"
}

// aims compares what was measured with what is aimed at. What was not measured is left out.
func (r *report) aims() []aim {
	var all []aim
	for _, a := range []struct {
		name          string
		noop, atFloor float64 // 0: none
	}{
		{caseMTLS, 0.80, 1.15}, {caseJWT, 0.85, 1.2}, {caseDeny, 0.80, 0}, {caseManyMTLS, 0.83, 0}, {caseManyJWT, 0.88, 0},
	} {
		ours, theirs := r.find(direct, a.name, postern), r.find(direct, a.name, noop)
		all = append(all, compared(a.name+", CPU × no-op", sample.Ratios(ours.values(cpu), theirs.values(cpu)), a.noop))
		if a.atFloor > 0 {
			all = append(all, compared(a.name+", CPU × floor", sample.Ratios(ours.values(cpu), r.find(direct, a.name, floor).values(cpu)), a.atFloor))
		}
		all = append(all, compared(a.name+", p99 × no-op", sample.Ratios(ours.values(p99), theirs.values(p99)), 1))
	}
	once := caseOnce("RS256")
	all = append(all, compared(once+", CPU × (no-op + one RSA-2048 verification)", sample.Ratios(r.find(direct, once, postern).values(cpu),
		sum(r.find(direct, once, noop).values(cpu), r.find(direct, once, verifier).values(cpu))), 1.15))
	for _, name := range []string{caseMTLS, caseJWT} {
		name = caseThrough(name, 1)
		alone, ours, theirs := r.find(envoyed, name, front.Alone), r.find(envoyed, name, postern), r.find(envoyed, name, noop)
		all = append(all,
			compared(name+", p50 added × no-op's", sample.Ratios(beyond(ours, alone, p50), beyond(theirs, alone, p50)), 0.80),
			compared(name+", CPU added × no-op's", sample.Ratios(beyond(ours, alone, cpu), beyond(theirs, alone, cpu)), 0.80),
			compared(name+", p99 × no-op", sample.Ratios(ours.values(p99), theirs.values(p99)), 1))
	}
	all = append(all, r.memoryAims()...)
	return slices.DeleteFunc(all, func(a aim) bool { return a == aim{} })
}

// compared is the zero aim for no values.
func compared(name string, values []float64, limit float64) aim {
	if len(values) == 0 {
		return aim{}
	}
	a := aim{name: name, limit: limit}
	a.of(values)
	return a
}

func (r *report) memoryAims() []aim {
	var all []aim
	if len(r.cases(direct)) == 0 {
		return nil
	}
	remembered := func(name string, bytes int64, limit float64) {
		a := aim{name: name, memory: true, limit: limit}
		a.of([]float64{float64(bytes)})
		all = append(all, a)
	}
	for _, m := range r.Memory {
		switch m.Server {
		case postern:
			remembered("resident memory, idle", m.Idle, 24<<20)
		case many(postern):
			remembered("resident memory, 10,000 rules", m.After, 64<<20)
		}
	}
	return all
}

func sum(a, b []time.Duration) []time.Duration {
	var all []time.Duration
	for i := range min(len(a), len(b)) {
		all = append(all, a[i]+b[i])
	}
	return all
}
