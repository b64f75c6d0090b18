package metrics_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/postern/postern/extauthz/metrics"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
)

func decide(m *metrics.Metrics, policyName, route string, why reason.Code) {
	m.Decided(&policy.Decision{Allow: why == reason.Allowed, Reason: why, Policy: policyName, Route: route}, 0)
}

func total(policyName, route, decision, why string, n int) string {
	return fmt.Sprintf("postern_decisions_total{decision=%q,policy=%q,reason=%q,route=%q} %d", decision, policyName, why, route, n)
}

func TestRetain(t *testing.T) {
	m := metrics.New(metrics.Config{})
	decide(m, "shop/orders", "read", reason.Allowed) // before any policy is known
	expect(t, m, "postern_decisions_total", total("", "", "allow", "allowed", 1))

	m.Retain(routes("shop/orders", "read", "shop/orders", "write", "shop/carts", "read"))
	decide(m, "shop/orders", "read", reason.Allowed)
	decide(m, "shop/orders", "read", reason.NotGranted)
	decide(m, "shop/orders", "write", reason.Allowed)
	decide(m, "shop/carts", "read", reason.Allowed)
	decide(m, "", "", reason.NoRoute)
	expect(t, m, "postern_decisions_total",
		total("", "", "allow", "allowed", 1),
		total("shop/carts", "read", "allow", "allowed", 1),
		total("shop/orders", "read", "allow", "allowed", 1),
		total("shop/orders", "write", "allow", "allowed", 1),
		total("", "", "deny", "no_route", 1),
		total("shop/orders", "read", "deny", "not_granted", 1),
	)

	m.Retain(routes("shop/orders", "write", "shop/carts", "new"))
	want := []string{
		total("", "", "allow", "allowed", 1),
		total("shop/orders", "write", "allow", "allowed", 1),
		total("", "", "deny", "no_route", 1),
	}
	expect(t, m, "postern_decisions_total", want...)

	decide(m, "shop/orders", "read", reason.Allowed) // a check that began under the old policy
	want[0] = total("", "", "allow", "allowed", 2)
	expect(t, m, "postern_decisions_total", want...)

	m.Retain(routes())
	expect(t, m, "postern_decisions_total", want[0], want[2])
}

func TestNamesThatNoLabelCanHave(t *testing.T) {
	m := metrics.New(metrics.Config{})
	m.Retain(routes("\xff", "read"))
	decide(m, "\xff", "read", reason.Allowed)
	expect(t, m, "postern_decisions_total", total("", "", "allow", "allowed", 1))
}

// Whatever names decisions bring, the number of series is that of the configuration.
func TestSeriesAreBounded(t *testing.T) {
	m := metrics.New(metrics.Config{})
	m.Retain(routes("shop/orders", "read"))
	for i := range 1000 {
		decide(m, fmt.Sprint("forged-", i), "read", reason.NoRoute)
		decide(m, "shop/orders", fmt.Sprint("/orders/", i), reason.NoRoute)
		decide(m, "shop/orders", "read", reason.Code(i))
	}
	if got, most := len(series(t, m, "postern_decisions_total")), 1+reason.Count; got > most {
		t.Errorf("%d series, want at most %d", got, most)
	}
}

// A series that a reload deleted never comes back by a check that is still under way.
func TestRetainWhileDeciding(t *testing.T) {
	m := metrics.New(metrics.Config{})
	m.Retain(routes("shop/orders", "read"))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 2000 {
				decide(m, "shop/orders", "read", reason.NotGranted)
			}
		})
	}
	m.Retain(routes("shop/orders", "write"))
	all.Wait()
	for _, s := range series(t, m, `postern_decisions_total{decision="deny",policy="shop/orders"`) {
		t.Errorf("still there: %s", s)
	}
}

func BenchmarkDecided(b *testing.B) {
	m := metrics.New(metrics.Config{})
	m.Retain(routes("shop/orders", "read-order"))
	d := &policy.Decision{Allow: true, Reason: reason.Allowed, Policy: "shop/orders", Route: "read-order"}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m.Decided(d, 0)
		}
	})
}
