package trust_test

import (
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/trust"
)

// TestChoice says updates one after the other; each row has what is offered, who we then are
// and how many things are missing and wrong.
func TestChoice(t *testing.T) {
	type step struct {
		offered           []string
		after             time.Duration // since the step before
		self              string
		missing, problems int
	}
	both := []string{mobile, orders}
	for name, tc := range map[string]struct {
		config trust.WorkloadAPIConfig
		steps  []step
	}{
		"the only one":   {steps: []step{{offered: []string{orders}, self: orders}}},
		"one ID twice":   {steps: []step{{offered: []string{orders, orders}, self: orders}}},
		"several":        {steps: []step{{offered: both, missing: 1}}},
		"several, named": {config: trust.WorkloadAPIConfig{Workload: id(orders)}, steps: []step{{offered: both, self: orders}}},
		"another than named": {config: trust.WorkloadAPIConfig{Workload: id(orders)}, steps: []step{
			{offered: []string{mobile}, problems: 1}, {offered: both, self: orders},
		}},
		"another than named and needed": {config: trust.WorkloadAPIConfig{Workload: id(orders), NeedSVID: true}, steps: []step{
			{offered: []string{mobile}, missing: 1}, {offered: both, self: orders},
		}},
		"a second one comes and goes": {steps: []step{
			{offered: []string{orders}, self: orders}, {offered: both, self: orders}, {offered: []string{orders}, self: orders},
		}},
		"a flicker": {steps: []step{
			{offered: []string{orders}, self: orders}, {offered: []string{mobile}, self: orders, problems: 1}, {offered: both, self: orders},
		}},
		"a flicker of the named": {config: trust.WorkloadAPIConfig{Workload: id(orders), NeedSVID: true}, steps: []step{
			{offered: both, self: orders}, {offered: []string{mobile}, self: orders, problems: 1}, {offered: both, self: orders},
		}},
		"another for good": {steps: []step{
			{offered: []string{orders}, self: orders},
			{offered: []string{mobile}, self: orders, problems: 1},
			{offered: []string{mobile}, after: 25 * time.Hour, self: mobile},
		}},
		"the named gone for good": {config: trust.WorkloadAPIConfig{Workload: id(orders), NeedSVID: true}, steps: []step{
			{offered: []string{orders}, self: orders}, {offered: []string{mobile}, after: 25 * time.Hour, missing: 1},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			shop := shopAt(t)
			a := newAgent(t)
			a.start()
			p := newPost(t, a, tc.config)
			for i, step := range tc.steps {
				p.clock.pass(step.after)
				var svids []*mint.SVID
				for _, id := range step.offered {
					svids = append(svids, minttest.SVID(t, shop, id, mint.Now(p.clock.Now()), mint.Lifetime(24*time.Hour)))
				}
				// A partner of this step's own marks the state that is due to it.
				partner := minttest.CA(t, "step"+string(rune('0'+i))+".test", mint.Now(noon))
				a.say(update(t, shop, svids, partner))
				s := p.wait("a step", func(s trust.State) bool {
					return s.Bundles.Len() == 2 && s.Bundles.Domains()[1].Name == partner.TrustDomain().Name()
				})
				if s.Self.String() != step.self || len(s.Missing) != step.missing || len(s.Problems) != step.problems {
					t.Fatalf("step %d: self %q, missing %q, problems %q; want %+v", i, s.Self, s.Missing, s.Problems, step)
				}
				for _, text := range append(s.Missing, s.Problems...) {
					if !strings.Contains(text, mobile) || !tc.config.Workload.IsZero() && !strings.Contains(text, orders) {
						t.Errorf("step %d: %q does not say what is offered, or wanted", i, text)
					}
				}
				own, err := p.api.GetX509SVID()
				if (err == nil) != (step.self != "") || err == nil && own.ID.String() != step.self {
					t.Errorf("step %d: GetX509SVID gave %v, %v", i, own, err)
				}
			}
		})
	}
}

func TestOwnSVIDExpires(t *testing.T) {
	shop := shopAt(t)
	a := newAgent(t)
	a.start()
	p := newPost(t, a, trust.WorkloadAPIConfig{})
	a.say(update(t, shop, svidOf(t, shop, orders)))
	p.wait("ready", self(orders))
	p.clock.pass(24 * time.Hour)
	if _, err := p.api.GetX509SVID(); err != nil {
		t.Errorf("in its last second: %v", err)
	}
	p.clock.pass(time.Second)
	if _, err := p.api.GetX509SVID(); err == nil || !strings.Contains(err.Error(), orders) {
		t.Errorf("an expired SVID was given out: %v", err)
	}
}

func id(s string) spiffeid.ID { return spiffeid.RequireFromString(s) }
