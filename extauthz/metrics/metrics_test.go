package metrics_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"

	"github.com/postern/postern/extauthz/metrics"
	"github.com/postern/postern/extauthz/record"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
)

// scrape returns what Prometheus would read.
func scrape(t testing.TB, m *metrics.Metrics) string {
	t.Helper()
	families, err := m.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

// series returns the samples whose name begins with prefix, sorted.
func series(t testing.TB, m *metrics.Metrics, prefix string) []string {
	t.Helper()
	var all []string
	for line := range strings.Lines(scrape(t, m)) {
		if strings.HasPrefix(line, prefix) {
			all = append(all, strings.TrimSuffix(line, "\n"))
		}
	}
	slices.Sort(all)
	return all
}

func expect(t testing.TB, m *metrics.Metrics, prefix string, want ...string) {
	t.Helper()
	if got := series(t, m, prefix); !slices.Equal(got, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// full has every metric there is.
func full() *metrics.Metrics {
	m := metrics.New(metrics.Config{
		Version:  "v1.2.3",
		Ready:    func() bool { return true },
		InFlight: func() int64 { return 3 },
		Records:  func() record.Counts { return record.Counts{Written: 5, Dropped: 6, Failed: 7} },
		Bundles: func() []metrics.Bundle {
			return []metrics.Bundle{{TrustDomain: "shop.test", Authorities: 2}, {TrustDomain: "partner.test", Stale: true}}
		},
		Keys: func() []metrics.Keys {
			return []metrics.Keys{
				{Provider: "shop-idp", Keys: 2, Had: time.Now().Add(-time.Hour), Fetched: 9, Failed: 1},
				{Provider: "down", Failed: 4},
			}
		},
		Revoked: func() []metrics.Revoked {
			return []metrics.Revoked{{Kind: "callers", Count: 2}, {Kind: "token_ids"}}
		},
		Secrets: func() metrics.Secrets { return metrics.Secrets{Streams: 2, Pushes: 8, Refused: 1} },
	})
	m.Retain(routes("shop/orders", "read-order"))
	m.Decided(&policy.Decision{Allow: true, Reason: reason.Allowed, Policy: "shop/orders", Route: "read-order"}, 80*time.Microsecond)
	m.Panicked()
	m.PolicyLoaded("sha256:abc", time.UnixMilli(1772364600500))
	m.PolicyRefused()
	m.RevocationsLoaded()
	m.RevocationsRefused()
	return m
}

// routes yields pairs of a policy and a route.
func routes(pairs ...string) func(func(policy, route string) bool) {
	return func(yield func(policy, route string) bool) {
		for i := 0; i < len(pairs); i += 2 {
			if !yield(pairs[i], pairs[i+1]) {
				return
			}
		}
	}
}

func TestEveryMetric(t *testing.T) {
	m := full()
	for prefix, want := range map[string][]string{
		"postern_decisions_total":  {`postern_decisions_total{decision="allow",policy="shop/orders",reason="allowed",route="read-order"} 1`},
		"postern_checks_in_flight": {"postern_checks_in_flight 3"},
		"postern_panics_total":     {"postern_panics_total 1"},
		"postern_sds_":             {"postern_sds_pushes_total 8", "postern_sds_refused_total 1", "postern_sds_streams 2"},
		"postern_records_total": {
			`postern_records_total{outcome="dropped"} 6`, `postern_records_total{outcome="failed"} 7`, `postern_records_total{outcome="written"} 5`,
		},
		"postern_policy_loads_total":            {`postern_policy_loads_total{result="error"} 1`, `postern_policy_loads_total{result="ok"} 1`},
		"postern_policy_load_timestamp_seconds": {"postern_policy_load_timestamp_seconds 1.7723646005e+09"},
		"postern_policy_info":                   {`postern_policy_info{digest="sha256:abc"} 1`},
		"postern_policy_up_to_date":             {"postern_policy_up_to_date 0"},
		"postern_bundle_authorities": {
			`postern_bundle_authorities{trust_domain="partner.test"} 0`, `postern_bundle_authorities{trust_domain="shop.test"} 2`,
		},
		"postern_bundle_stale":   {`postern_bundle_stale{trust_domain="partner.test"} 1`, `postern_bundle_stale{trust_domain="shop.test"} 0`},
		"postern_provider_keys{": {`postern_provider_keys{provider="down"} 0`, `postern_provider_keys{provider="shop-idp"} 2`},
		"postern_provider_key_fetches_total": {
			`postern_provider_key_fetches_total{provider="down",result="error"} 4`, `postern_provider_key_fetches_total{provider="down",result="ok"} 0`,
			`postern_provider_key_fetches_total{provider="shop-idp",result="error"} 1`, `postern_provider_key_fetches_total{provider="shop-idp",result="ok"} 9`,
		},
		"postern_revocations{":                 {`postern_revocations{kind="callers"} 2`, `postern_revocations{kind="token_ids"} 0`},
		"postern_revocation_loads_total":       {`postern_revocation_loads_total{result="error"} 1`, `postern_revocation_loads_total{result="ok"} 1`},
		"postern_revocations_up_to_date":       {"postern_revocations_up_to_date 0"},
		"postern_ready":                        {"postern_ready 1"},
		"postern_build_info":                   {fmt.Sprintf("postern_build_info{goversion=%q,version=\"v1.2.3\"} 1", runtime.Version())},
		"postern_check_duration_seconds_count": {"postern_check_duration_seconds_count 1"},
		"postern_check_duration_seconds_sum":   {"postern_check_duration_seconds_sum 8e-05"},
	} {
		expect(t, m, prefix, want...)
	}
	age := series(t, m, "postern_provider_keys_age_seconds")
	if len(age) != 1 || !strings.HasPrefix(age[0], `postern_provider_keys_age_seconds{provider="shop-idp"} 360`) {
		t.Errorf("ages %q, want an hour for the one that has keys", age)
	}
	for _, prefix := range []string{"go_goroutines", "process_start_time_seconds"} {
		if len(series(t, m, prefix)) != 1 {
			t.Errorf("no %s", prefix)
		}
	}
}

func TestNothingConfigured(t *testing.T) {
	m := metrics.New(metrics.Config{})
	expect(t, m, "postern_p", // the policy's, and panics
		"postern_panics_total 0", `postern_policy_loads_total{result="error"} 0`, `postern_policy_loads_total{result="ok"} 0`, "postern_policy_up_to_date 0")
	for _, prefix := range []string{"postern_decisions", "postern_ready", "postern_records", "postern_bundle", "postern_checks", "postern_provider", "postern_revocations{"} {
		expect(t, m, prefix)
	}
}

func TestDuration(t *testing.T) {
	m := metrics.New(metrics.Config{})
	for _, took := range []time.Duration{-time.Second, 50 * time.Microsecond, 51 * time.Microsecond, 250 * time.Millisecond, time.Second} {
		m.Decided(&policy.Decision{}, took)
	}
	want := map[string]string{"5e-05": "2", "0.0001": "3", "0.1": "3", "0.25": "4", "+Inf": "5"}
	for le, count := range want {
		prefix := fmt.Sprintf("postern_check_duration_seconds_bucket{le=%q}", le)
		expect(t, m, prefix, prefix+" "+count)
	}
	expect(t, m, "postern_check_duration_seconds_sum", "postern_check_duration_seconds_sum 1.250101")
}

func TestPolicyInForce(t *testing.T) {
	m := metrics.New(metrics.Config{})
	state := func() string {
		return strings.Join(append(series(t, m, "postern_policy_info"), series(t, m, "postern_policy_up_to_date")...), " ")
	}
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() {}, "postern_policy_up_to_date 0"},
		{m.PolicyRefused, "postern_policy_up_to_date 0"},
		{func() { m.PolicyLoaded("one", time.Unix(1, 0)) }, `postern_policy_info{digest="one"} 1 postern_policy_up_to_date 1`},
		{m.PolicyRefused, `postern_policy_info{digest="one"} 1 postern_policy_up_to_date 0`},
		{func() { m.PolicyLoaded("two", time.Unix(2, 0)) }, `postern_policy_info{digest="two"} 1 postern_policy_up_to_date 1`},
	} {
		step.do()
		if got := state(); got != step.want {
			t.Errorf("got %s, want %s", got, step.want)
		}
	}
	expect(t, m, "postern_policy_loads_total", `postern_policy_loads_total{result="error"} 2`, `postern_policy_loads_total{result="ok"} 2`)
}

func TestLabelsAreValid(t *testing.T) {
	m := metrics.New(metrics.Config{
		Bundles: func() []metrics.Bundle { return []metrics.Bundle{{TrustDomain: "\xff"}} },
	})
	if _, err := m.Registry().Gather(); err == nil {
		t.Error("a label that is not UTF-8 was gathered")
	}
}

func TestConventions(t *testing.T) {
	problems, err := promlint.New(strings.NewReader(scrape(t, full()))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// Promtool is optional: TestConventions holds most of the same.
func TestPromtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("optional, in CI too: promtool is not on PATH (Debian: apt-get install prometheus)")
	}
	check := exec.Command(promtool, "check", "metrics")
	check.Stdin = strings.NewReader(scrape(t, full()))
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

func TestTwoRegistries(t *testing.T) {
	one, two := full(), metrics.New(metrics.Config{})
	one.Panicked()
	expect(t, two, "postern_panics_total", "postern_panics_total 0")
}

func TestAtOnce(t *testing.T) {
	m := full()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 500 {
				m.Decided(&policy.Decision{Policy: "shop/orders", Route: "read-order"}, 0)
				switch {
				case i%50 == 0:
					m.Retain(routes("shop/orders", "read-order"))
				case i%50 == 1:
					m.PolicyLoaded("d", time.Unix(0, 0))
				case i%100 == 2:
					scrape(t, m)
				}
			}
		})
	}
	all.Wait()
	expect(t, m, "postern_decisions_total",
		`postern_decisions_total{decision="allow",policy="shop/orders",reason="allowed",route="read-order"} 1`,
		`postern_decisions_total{decision="deny",policy="shop/orders",reason="internal",route="read-order"} 2000`)
}

func ExampleMetrics_Retain() {
	m := metrics.New(metrics.Config{Version: "v1.2.3"})
	m.Retain(routes("shop/orders", "read-order"))
	m.Decided(&policy.Decision{Policy: "shop/orders", Route: "read-order", Reason: reason.NotGranted}, time.Millisecond)
	families, _ := m.Registry().Gather()
	for _, f := range families {
		if f.GetName() == "postern_decisions_total" {
			for _, l := range f.GetMetric()[0].GetLabel() {
				fmt.Println(l.GetName(), l.GetValue())
			}
		}
	}
	// Output:
	// decision deny
	// policy shop/orders
	// reason not_granted
	// route read-order
}
