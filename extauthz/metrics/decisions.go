package metrics

import (
	"sync"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/postern/postern/policy"
)

// place is where a decision was made.
type place struct{ policy, route string }

// decisions counts decisions by places that the configuration has.
type decisions struct {
	vector *prometheus.CounterVec
	shadow *prometheus.CounterVec

	mu    sync.RWMutex // held while a series is found and counted, so that none comes back after it was deleted
	known map[place]bool
}

func newDecisions() decisions {
	return decisions{vector: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "postern_decisions_total",
		Help: "Decisions, by the policy and route that were chosen. Both are empty where none was.",
	}, []string{"policy", "route", "decision", "reason"}), shadow: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "postern_shadow_decisions_total",
		Help: "Decisions that would have been the other with every shadow rule enforced, by what they would have been.",
	}, []string{"policy", "route", "would"})}
}

func (d *decisions) count(of *policy.Decision) {
	at := place{of.Policy, of.Route}
	d.mu.RLock()
	defer d.mu.RUnlock()
	if !d.known[at] {
		at = place{}
	}
	d.vector.WithLabelValues(at.policy, at.route, verdict(of.Allow), of.Reason.String()).Inc()
	if of.Shadow != nil && of.Shadow.Allow != of.Allow {
		d.shadow.WithLabelValues(at.policy, at.route, verdict(of.Shadow.Allow)).Inc()
	}
}

func verdict(allow bool) string {
	if allow {
		return "allow"
	}
	return "deny"
}

func (d *decisions) retain(routes func(yield func(policy, route string) bool)) {
	known := map[place]bool{}
	for policy, route := range routes {
		if utf8.ValidString(policy) && utf8.ValidString(route) { // no label may be anything else
			known[place{policy, route}] = true
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for at := range d.known {
		if !known[at] {
			gone := prometheus.Labels{"policy": at.policy, "route": at.route}
			d.vector.DeletePartialMatch(gone)
			d.shadow.DeletePartialMatch(gone)
		}
	}
	d.known = known
}
