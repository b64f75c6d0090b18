package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// Revoked is how many things of one kind are cut off now.
type Revoked struct {
	Kind  string // each once
	Count int
}

// revocationState is what is known of the Revocations in force.
type revocationState struct {
	mu           sync.Mutex
	upToDate     bool
	loads, fails uint64
}

// RevocationsLoaded says that all Revocation documents came into force.
func (m *Metrics) RevocationsLoaded() {
	m.revocations.mu.Lock()
	defer m.revocations.mu.Unlock()
	m.revocations.upToDate = true
	m.revocations.loads++
}

// RevocationsRefused says that some Revocation documents could not be read, or may be hidden in what
// could not; for these the last good ones stay in force.
func (m *Metrics) RevocationsRefused() {
	m.revocations.mu.Lock()
	defer m.revocations.mu.Unlock()
	m.revocations.upToDate = false
	m.revocations.fails++
}

func (r *revocationState) collector() live {
	loads := counter("postern_revocation_loads_total", "Loads of the Revocation documents, by result.", "result")
	upToDate := gauge("postern_revocations_up_to_date", "1 while every Revocation document is in force, 0 while one may not be.")
	return live{[]family{loads, upToDate}, func(to chan<- prometheus.Metric) {
		r.mu.Lock()
		defer r.mu.Unlock()
		to <- loads.of(float64(r.loads), "ok")
		to <- loads.of(float64(r.fails), "error")
		to <- upToDate.of(boolean(r.upToDate))
	}}
}

func revoked(state func() []Revoked) live {
	count := gauge("postern_revocations", "What is cut off now, by kind; entries that have ended do not count.", "kind")
	return live{[]family{count}, func(to chan<- prometheus.Metric) {
		for _, r := range state() {
			to <- count.of(float64(r.Count), r.Kind)
		}
	}}
}
