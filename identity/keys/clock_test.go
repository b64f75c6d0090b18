package keys_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/postern/postern/identity/age/agetest"
	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// TestStaleBoundary is maxStale, one second either side.
func TestStaleBoundary(t *testing.T) {
	set := mint.JWKS(minttest.Key(t, "ES256", "k1"))
	synctest.Test(t, func(t *testing.T) {
		p := keys.NewPool(keys.Options{})
		defer p.Close()
		l := acquire(t, p, &origin{text: set}, source()) // whose keys are good for an hour
		synctest.Wait()
		had := l.Status().FetchedAt
		for after, want := range map[time.Duration]bool{
			0:                       true,
			time.Hour - time.Second: true,
			time.Hour:               true,
			time.Hour + time.Second: false,
			-time.Hour:              true, // by a clock that was put back, they are from the future
		} {
			if got := l.Fresh(had.Add(after)); got != want {
				t.Errorf("after %v: fresh is %v", after, got)
			}
		}
	})
}

// TestStaleByTheOlderClock: keys age by whichever clock says more, so one that is put back keeps no
// keys in use, and one that is put forward has them fetched anew.
func TestStaleByTheOlderClock(t *testing.T) {
	idp := keystest.New(t, minttest.Key(t, "ES256", "a"))
	from := idp.ByURL()
	from.MaxStale = 30 * time.Minute
	l := lease(t, idp.URL, from)
	keystest.Until(t, "the key", has(l, "a"))
	now := time.Now()
	for name, tc := range map[string]struct {
		at   time.Time
		want bool
	}{
		"now":                           {now, true},
		"put back":                      {agetest.Step(now, -time.Hour), true},
		"put forward":                   {agetest.Step(now, time.Hour), false},
		"31 minutes later":              {now.Add(31 * time.Minute), false},
		"31 minutes later, put back":    {agetest.Step(now.Add(31*time.Minute), -time.Hour), false},
		"29 minutes later, put back":    {agetest.Step(now.Add(29*time.Minute), -time.Hour), true},
		"29 minutes later, put forward": {agetest.Step(now.Add(29*time.Minute), time.Hour), false},
		"slept for a night":             {agetest.Step(now, 8*time.Hour), false},
	} {
		if got := l.Fresh(tc.at); got != tc.want {
			t.Errorf("%s: fresh is %v", name, got)
		}
	}
	before := l.Status().FetchedAt
	l.Wait() // what a request asks for that finds them stale
	keystest.Until(t, "a fetch", func() bool { return l.Status().FetchedAt.After(before) })
}
