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

	mu    sync.RWMutex // held while a series is found and counted, so that none comes back after it was deleted
	known map[place]bool
}

func newDecisions() decisions {
	return decisions{vector: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "postern_decisions_total",
		Help: "Decisions, by the policy and route that were chosen. Both are empty where none was.",
	}, []string{"policy", "route", "decision", "reason"})}
}

func (d *decisions) count(of *policy.Decision) {
	decision := "deny"
	if of.Allow {
		decision = "allow"
	}
	at := place{of.Policy, of.Route}
	d.mu.RLock()
	defer d.mu.RUnlock()
	if !d.known[at] {
		at = place{}
	}
	d.vector.WithLabelValues(at.policy, at.route, decision, of.Reason.String()).Inc()
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
			d.vector.DeletePartialMatch(prometheus.Labels{"policy": at.policy, "route": at.route})
		}
	}
	d.known = known
}
