package metrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// policyState is what is known of the policy in force.
type policyState struct {
	mu           sync.Mutex
	digest       string // "" until one came into force
	at           time.Time
	upToDate     bool
	loads, fails uint64
}

func (p *policyState) loaded(digest string, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.digest, p.at, p.upToDate = digest, at, true
	p.loads++
}

func (p *policyState) refused() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.upToDate = false
	p.fails++
}

// collector shows one state in one scrape: never two digests, never none between them.
func (p *policyState) collector() live {
	loads := counter("postern_policy_loads_total", "Loads of the policy, by result.", "result")
	upToDate := gauge("postern_policy_up_to_date", "1 while the policy in force is what was last loaded, 0 when that was refused.")
	at := gauge("postern_policy_load_timestamp_seconds", "When the policy in force was loaded, since the epoch.")
	info := gauge("postern_policy_info", "1 for the policy in force.", "digest")
	return live{[]family{loads, upToDate, at, info}, func(to chan<- prometheus.Metric) {
		p.mu.Lock()
		defer p.mu.Unlock()
		to <- loads.of(float64(p.loads), "ok")
		to <- loads.of(float64(p.fails), "error")
		to <- upToDate.of(boolean(p.upToDate))
		if p.digest != "" {
			to <- at.of(float64(p.at.UnixMicro()) / 1e6)
			to <- info.of(1, p.digest)
		}
	}}
}
