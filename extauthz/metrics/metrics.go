package metrics

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/postern/postern/extauthz/record"
	"github.com/postern/postern/policy"
)

// Config is where the metrics come from that are read when they are asked for. Each function
// may be called at any time from several goroutines and must not wait; what is nil is left out.
type Config struct {
	Version  string
	Ready    func() bool
	InFlight func() int64
	Records  func() record.Counts
	Bundles  func() []Bundle
	Keys     func() []Keys
	Revoked  func() []Revoked
	Secrets  func() Secrets
}

// Metrics counts. It is safe for concurrent use.
type Metrics struct {
	registry    *prometheus.Registry
	decisions   decisions
	duration    prometheus.Histogram
	panics      prometheus.Counter
	policy      policyState
	revocations revocationState
}

// New returns metrics that have counted nothing yet.
func New(c Config) *Metrics {
	m := &Metrics{
		registry:  prometheus.NewRegistry(),
		decisions: newDecisions(),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "postern_check_duration_seconds",
			Help: "How long a check took, from the start of the check to the decision.",
			Buckets: []float64{
				50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3,
			},
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "postern_panics_total", Help: "Checks that panicked. Each was denied.",
		}),
	}
	m.registry.MustRegister(
		m.decisions.vector, m.decisions.shadow, m.duration, m.panics, m.policy.collector(), m.revocations.collector(),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.registry.MustRegister(c.collectors()...)
	return m
}

// collectors returns those of what is read when it is asked for.
func (c Config) collectors() []prometheus.Collector {
	build := gauge("postern_build_info", "The version that runs.", "version", "goversion")
	all := []prometheus.Collector{live{[]family{build}, func(to chan<- prometheus.Metric) {
		to <- build.of(1, c.Version, runtime.Version())
	}}}
	if c.Ready != nil {
		all = append(all, value("postern_ready", "1 while everything is there that a decision needs.",
			func() float64 { return boolean(c.Ready()) }))
	}
	if c.InFlight != nil {
		all = append(all, value("postern_checks_in_flight", "Checks under way.",
			func() float64 { return float64(c.InFlight()) }))
	}
	if c.Records != nil {
		all = append(all, records(c.Records))
	}
	if c.Bundles != nil {
		all = append(all, bundles(c.Bundles))
	}
	if c.Keys != nil {
		all = append(all, keys(c.Keys))
	}
	if c.Revoked != nil {
		all = append(all, revoked(c.Revoked))
	}
	if c.Secrets != nil {
		all = append(all, secrets(c.Secrets))
	}
	return all
}

// Registry returns what gathers the metrics.
func (m *Metrics) Registry() prometheus.Gatherer { return m.registry }

// Decided counts one decision and how long it took.
func (m *Metrics) Decided(d *policy.Decision, took time.Duration) {
	m.decisions.count(d)
	m.duration.Observe(max(0, took).Seconds())
}

// Panicked counts a panic on the request path.
func (m *Metrics) Panicked() { m.panics.Inc() }

// Retain says which policies and routes there are from now on; the series of all others are
// deleted, and later decisions of theirs are counted without policy and route. The sequence
// has the form of [policy.Set.EachRoute].
func (m *Metrics) Retain(routes func(yield func(policy, route string) bool)) {
	m.decisions.retain(routes)
}

// PolicyLoaded says that the policy with this digest came into force.
func (m *Metrics) PolicyLoaded(digest string, at time.Time) { m.policy.loaded(digest, at) }

// PolicyRefused says that a load failed, and the policy in force stays.
func (m *Metrics) PolicyRefused() { m.policy.refused() }
