package trust_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/postern/postern/identity/age/agetest"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/identity/trust"
)

// stepping is a state after its source was lost, at which the clock is then put somewhere else.
func stepping(t *testing.T, s trust.State, ca *mint.CA, lost time.Time, maxAge time.Duration) {
	t.Helper()
	late := lost.Add(maxAge + time.Minute) // a minute, for what passed before the loss was noticed
	for name, tc := range map[string]struct {
		at   time.Time
		want reason.Code
	}{
		"at once":                       {lost, reason.Allowed},
		"at once, put back":             {agetest.Step(lost, -time.Hour), reason.Allowed},
		"at once, put forward":          {agetest.Step(lost, maxAge+time.Hour), reason.BundleStale},
		"when it is over":               {late, reason.BundleStale},
		"when it is over, put back":     {agetest.Step(late, -time.Hour), reason.BundleStale},
		"a minute before that":          {lost.Add(maxAge - time.Minute), reason.Allowed},
		"a minute before, put back":     {agetest.Step(lost.Add(maxAge-time.Minute), -time.Hour), reason.Allowed},
		"after the machine slept in it": {agetest.Step(lost, maxAge+time.Minute), reason.BundleStale},
	} {
		if got := verdict(t, s, ca, tc.at); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
		if lacks := len(s.Lacks(tc.at)) > 0; lacks != (tc.want == reason.BundleStale) {
			t.Errorf("%s: lacks %q", name, s.Lacks(tc.at))
		}
	}
}

// longLived is a CA for times around now.
func longLived(t *testing.T) *mint.CA {
	t.Helper()
	return minttest.CA(t, "shop.test", mint.Now(time.Now().Add(-24*time.Hour)), mint.Lifetime(30*24*time.Hour))
}

// TestAgentGoneWhileTheClockSteps: the bound on the last bundles of an agent that is gone is not
// moved by the clock.
func TestAgentGoneWhileTheClockSteps(t *testing.T) {
	ca := longLived(t)
	a := newAgent(t)
	a.start()
	var clock agetest.Clock
	api, err := trust.NewWorkloadAPI(trust.WorkloadAPIConfig{Addr: "unix://" + a.path, MaxAge: 2 * time.Hour, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	a.say(update(t, ca, svidOf(t, ca, orders)))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	states := make(chan trust.State, 100)
	ended := make(chan error, 1)
	go func() { ended <- api.Run(ctx, func(s trust.State) { states <- s }) }()
	await(t, states, ready)
	a.stop()
	stepping(t, await(t, states, troubled), ca, time.Now(), 2*time.Hour)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestFileGoneWhileTheClockSteps is the same for a file that cannot be read any more.
func TestFileGoneWhileTheClockSteps(t *testing.T) {
	ca := longLived(t)
	path := filepath.Join(t.TempDir(), "bundle.pem")
	if err := os.WriteFile(path, ca.BundlePEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := trust.ParseFile("shop.test=" + path)
	if err != nil {
		t.Fatal(err)
	}
	files, err := trust.OpenFiles([]trust.File{file}, 2*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	states := make(chan trust.State, 100)
	ended := make(chan error, 1)
	go func() { ended <- files.Run(ctx, func(s trust.State) { states <- s }) }()
	await(t, states, ready)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	stepping(t, await(t, states, troubled), ca, time.Now(), 2*time.Hour)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func await(t *testing.T, states <-chan trust.State, ok func(trust.State) bool) trust.State {
	t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case s := <-states:
			if ok(s) {
				return s
			}
		case <-late:
			t.Fatal("waited in vain for a state")
		}
	}
}
