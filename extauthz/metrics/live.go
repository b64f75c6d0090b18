package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/postern/postern/extauthz/record"
)

// A Bundle is the state of one trust bundle.
type Bundle struct {
	TrustDomain string // each once
	Authorities int
	Stale       bool // callers of this trust domain are refused because of its age
}

// Keys is the state of one provider's keys.
type Keys struct {
	Provider string // each once
	Keys     int
	Had      time.Time // when they were last had from their source; zero when never
	Fetched  uint64    // fetches that succeeded, since the process began
	Failed   uint64    // fetches that failed
}

// Secrets is what Envoy was given of certificates, keys and bundles, since the process began.
type Secrets struct {
	Streams int64  // open now
	Pushes  uint64 // answers that were sent
	Refused uint64 // versions that Envoy refused
}

// A family is the metrics of one name.
type family struct {
	kind prometheus.ValueType
	desc *prometheus.Desc
}

func gauge(name, help string, labels ...string) family {
	return family{prometheus.GaugeValue, prometheus.NewDesc(name, help, labels, nil)}
}

func counter(name, help string, labels ...string) family {
	return family{prometheus.CounterValue, prometheus.NewDesc(name, help, labels, nil)}
}

// of returns one metric of the family. One that cannot be is an error when gathered.
func (f family) of(value float64, labels ...string) prometheus.Metric {
	m, err := prometheus.NewConstMetric(f.desc, f.kind, value, labels...)
	if err != nil {
		return prometheus.NewInvalidMetric(f.desc, err)
	}
	return m
}

// live is a collector that reads a state when it is asked for.
type live struct {
	families []family
	collect  func(to chan<- prometheus.Metric)
}

// Describe sends the families.
func (l live) Describe(to chan<- *prometheus.Desc) {
	for _, f := range l.families {
		to <- f.desc
	}
}

// Collect sends the metrics as they are now.
func (l live) Collect(to chan<- prometheus.Metric) { l.collect(to) }

func bundles(state func() []Bundle) live {
	authorities := gauge("postern_bundle_authorities", "Authorities in the trust bundle.", "trust_domain")
	stale := gauge("postern_bundle_stale", "1 while callers are refused because the trust bundle is too old.", "trust_domain")
	return live{[]family{authorities, stale}, func(to chan<- prometheus.Metric) {
		for _, b := range state() {
			to <- authorities.of(float64(b.Authorities), b.TrustDomain)
			to <- stale.of(boolean(b.Stale), b.TrustDomain)
		}
	}}
}

func keys(state func() []Keys) live {
	count := gauge("postern_provider_keys", "Keys of the identity provider that can verify.", "provider")
	age := gauge("postern_provider_keys_age_seconds", "How long ago the keys were last had from their source.", "provider")
	fetches := counter("postern_provider_key_fetches_total", "Fetches of the provider's keys.", "provider", "result")
	return live{[]family{count, age, fetches}, func(to chan<- prometheus.Metric) {
		for _, k := range state() {
			to <- count.of(float64(k.Keys), k.Provider)
			if !k.Had.IsZero() {
				to <- age.of(max(0, time.Since(k.Had).Seconds()), k.Provider)
			}
			to <- fetches.of(float64(k.Fetched), k.Provider, "ok")
			to <- fetches.of(float64(k.Failed), k.Provider, "error")
		}
	}}
}

func records(counts func() record.Counts) live {
	total := counter("postern_records_total", "Decision records, by what became of them.", "outcome")
	return live{[]family{total}, func(to chan<- prometheus.Metric) {
		c := counts()
		to <- total.of(float64(c.Written), "written")
		to <- total.of(float64(c.Dropped), "dropped")
		to <- total.of(float64(c.Failed), "failed")
	}}
}

func secrets(state func() Secrets) live {
	streams := gauge("postern_sds_streams", "Streams on which Envoy waits for certificates and bundles.")
	pushes := counter("postern_sds_pushes_total", "Answers with certificates or bundles that Envoy was sent.")
	refused := counter("postern_sds_refused_total", "Versions of certificates or bundles that Envoy refused.")
	return live{[]family{streams, pushes, refused}, func(to chan<- prometheus.Metric) {
		now := state()
		to <- streams.of(float64(now.Streams))
		to <- pushes.of(float64(now.Pushes))
		to <- refused.of(float64(now.Refused))
	}}
}

// value is a gauge without labels.
func value(name, help string, now func() float64) live {
	f := gauge(name, help)
	return live{[]family{f}, func(to chan<- prometheus.Metric) { to <- f.of(now()) }}
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
