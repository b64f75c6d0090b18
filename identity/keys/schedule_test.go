package keys_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// Everything in this file runs on a fake clock: a test of ten minutes takes milliseconds.

// An origin answers fetches as it is told, and notes when they began.
type origin struct {
	mu     sync.Mutex
	text   []byte
	err    error
	takes  time.Duration
	starts []time.Time
}

func (o *origin) fetch(ctx context.Context) ([]byte, error) {
	o.mu.Lock()
	text, err, takes := o.text, o.err, o.takes
	o.starts = append(o.starts, time.Now())
	o.mu.Unlock()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(takes):
		return text, err
	}
}

// set makes the origin answer so.
func (o *origin) set(text []byte, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text, o.err = text, err
}

func (o *origin) began() []time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.starts)
}

// budget holds that no two fetches began within 30 s.
func (o *origin) budget(t *testing.T) {
	t.Helper()
	starts := o.began()
	for i := 1; i < len(starts); i++ {
		if gap := starts[i].Sub(starts[i-1]); gap < 30*time.Second {
			t.Errorf("fetch %d began %v after the one before", i, gap)
		}
	}
}

func source() identity.KeySource {
	return identity.KeySource{URL: "https://idp.test/jwks", Refresh: 5 * time.Minute, MaxStale: time.Hour}
}

// acquire returns a lease on o that ends with the test's bubble.
func acquire(t *testing.T, p *keys.Pool, o *origin, from identity.KeySource) *keys.Lease {
	t.Helper()
	l, err := p.AcquireFrom(o.fetch, "https://idp.test", from)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestRefresh(t *testing.T) {
	set := mint.JWKS(minttest.Key(t, "ES256", "k1"))
	synctest.Test(t, func(t *testing.T) {
		p := keys.NewPool(keys.Options{})
		defer p.Close()
		o := &origin{text: set}
		acquire(t, p, o, source())
		time.Sleep(time.Hour)
		starts := o.began()
		if n := len(starts); n < 12 || n > 14 {
			t.Errorf("%d fetches in an hour", n)
		}
		gaps := map[time.Duration]bool{}
		for i := 1; i < len(starts); i++ {
			gap := starts[i].Sub(starts[i-1])
			gaps[gap] = true
			if gap > 5*time.Minute || gap < 4*time.Minute+30*time.Second {
				t.Errorf("a gap of %v", gap)
			}
		}
		if len(gaps) < 2 {
			t.Error("no jitter")
		}
	})
}

// TestBudget asks for kids without end, of an issuer that is well, one that fails, one that is
// slow and one that hangs.
func TestBudget(t *testing.T) {
	set := mint.JWKS(minttest.Key(t, "ES256", "k1"))
	for name, o := range map[string]*origin{
		"well":   {text: set},
		"fails":  {err: errors.New("status 500")},
		"slow":   {text: set, takes: 9 * time.Second},
		"hangs":  {takes: time.Hour},
		"futile": {text: []byte("garbage")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := keys.NewPool(keys.Options{})
				defer p.Close()
				l := acquire(t, p, o, source())
				for range 6000 {
					l.Want(fmt.Sprint(rand.IntN(1000)))
					l.Wait()
					time.Sleep(100 * time.Millisecond)
				}
				o.budget(t)
				if n := len(o.began()); n < 18 || n > 21 {
					t.Errorf("%d fetches in ten minutes", n)
				}
			})
		})
	}
}

func TestDownAtStart(t *testing.T) {
	set := mint.JWKS(minttest.Key(t, "ES256", "k1"))
	synctest.Test(t, func(t *testing.T) {
		p := keys.NewPool(keys.Options{})
		defer p.Close()
		o := &origin{err: errors.New("connection refused")}
		l := acquire(t, p, o, source())
		time.Sleep(10 * time.Second)
		if l.Set() != nil || l.Fresh(time.Now()) {
			t.Fatal("keys from nowhere")
		}
		if wait := l.Wait(); wait < 20 || wait > 25 {
			t.Errorf("wait %d s", wait)
		}
		if st := l.Status(); st.Error != "connection refused" || st.Failures != 1 || st.Generation != 0 {
			t.Errorf("status %+v", st)
		}
		o.set(set, nil)
		time.Sleep(25 * time.Second)
		if l.Set() == nil || !l.Fresh(time.Now()) || l.Status().Error != "" {
			t.Errorf("not recovered: %+v", l.Status())
		}
		o.budget(t)
	})
}

func TestStaleness(t *testing.T) {
	set := mint.JWKS(minttest.Key(t, "ES256", "k1"))
	synctest.Test(t, func(t *testing.T) {
		p := keys.NewPool(keys.Options{})
		defer p.Close()
		o := &origin{text: set}
		l := acquire(t, p, o, source())
		synctest.Wait()
		good := time.Now()
		o.set(nil, errors.New("status 500"))
		time.Sleep(59 * time.Minute)
		if !l.Fresh(time.Now()) || !l.Fresh(good.Add(time.Hour)) {
			t.Error("stale too early")
		}
		time.Sleep(61 * time.Second)
		if l.Fresh(time.Now()) {
			t.Error("fresh for too long")
		}
		if l.Set() == nil {
			t.Error("the old keys are not there to be shown")
		}
		generation := l.Set().Generation
		o.set(set, nil)
		time.Sleep(34 * time.Second)
		if !l.Fresh(time.Now()) || l.Set().Generation != generation {
			t.Error("the same keys are back, and are others or not fresh")
		}
	})
}

// TestHang: a fetch has ten seconds.
func TestHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := keys.NewPool(keys.Options{})
		defer p.Close()
		o := &origin{takes: time.Hour}
		l := acquire(t, p, o, source())
		time.Sleep(9 * time.Second)
		if st := l.Status(); st.Failures != 0 || st.Fetched != 0 || l.Wait() != 1 {
			t.Errorf("status %+v", st)
		}
		time.Sleep(2 * time.Second)
		if st := l.Status(); st.Failures != 1 || st.Fetched != 0 || st.Error == "" {
			t.Errorf("status %+v", st)
		}
	})
}

func TestPanicIsAFailure(t *testing.T) {
	set := mint.JWKS(minttest.Key(t, "ES256", "k1"))
	synctest.Test(t, func(t *testing.T) {
		p := keys.NewPool(keys.Options{})
		defer p.Close()
		n := 0
		l, err := p.AcquireFrom(func(context.Context) ([]byte, error) {
			if n++; n == 2 {
				panic("canary")
			}
			return set, nil
		}, "https://idp.test", source())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(5*time.Minute + time.Second)
		if st := l.Status(); st.Failures != 1 || strings.Contains(st.Error, "canary") || st.Keys != 1 {
			t.Errorf("status %+v", st)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if st := l.Status(); st.Error != "" || st.Fetched != 2 || st.Failures != 1 || n != 3 {
			t.Errorf("status %+v after %d fetches", st, n)
		}
	})
}

func TestChangedOnlyOnChange(t *testing.T) {
	a, b := minttest.Key(t, "ES256", "a"), minttest.Key(t, "ES256", "b")
	synctest.Test(t, func(t *testing.T) {
		changes := 0
		var reports []string
		p := keys.NewPool(keys.Options{
			Changed: func() { changes++ },
			Report:  func(s keys.Status) { reports = append(reports, s.Error) },
		})
		defer p.Close()
		o := &origin{text: mint.JWKS(a, b)}
		l := acquire(t, p, o, source())
		for i, step := range []struct {
			text    []byte
			err     error
			changes int
		}{
			{mint.JWKS(a, b), nil, 1},
			{mint.JWKS(b, a), nil, 1}, // another order
			{nil, errors.New("x"), 1},
			{nil, errors.New("x"), 1},
			{nil, errors.New("y"), 1},
			{mint.JWKS(a), nil, 2},
			{[]byte(`{"keys":[]}`), nil, 3}, // the issuer vouches for nothing now
			{mint.JWKS(a), nil, 4},
		} {
			o.set(step.text, step.err)
			time.Sleep(5*time.Minute + time.Second)
			synctest.Wait()
			if changes != step.changes {
				t.Errorf("step %d: %d changes, want %d", i, changes, step.changes)
			}
		}
		if want := []string{"x", "y", ""}; !slices.Equal(reports, want) {
			t.Errorf("reports %q, want %q", reports, want)
		}
		if g := l.Set().Generation; g != 4 {
			t.Errorf("generation %d", g)
		}
	})
}

// TestStaleKeysAskForFresh: after a machine slept past their bound, nobody waits for the next
// refresh.
func TestStaleKeysAskForFresh(t *testing.T) {
	set := mint.JWKS(minttest.Key(t, "ES256", "k1"))
	synctest.Test(t, func(t *testing.T) {
		p := keys.NewPool(keys.Options{})
		defer p.Close()
		o := &origin{text: set}
		l := acquire(t, p, o, source())
		time.Sleep(time.Minute)
		if l.Fresh(time.Now().Add(2 * time.Hour)) {
			t.Error("fresh by the monotonic clock")
		}
		if wait := l.Wait(); wait != 1 {
			t.Errorf("wait %d s", wait)
		}
		synctest.Wait()
		if n := len(o.began()); n != 2 {
			t.Errorf("%d fetches", n)
		}
	})
}
