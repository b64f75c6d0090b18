package keys_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
)

// TestAwait: only what lacks a key waits for one, and it is asked for.
func TestAwait(t *testing.T) {
	set := mint.JWKS(minttest.Key(t, "ES256", "k1"))
	fault := func(code reason.Code) error { return reason.Errorf(code, "no") }
	synctest.Test(t, func(t *testing.T) {
		p := keys.NewPool(keys.Options{})
		defer p.Close()
		l := acquire(t, p, &origin{text: set}, source())
		synctest.Wait()
		time.Sleep(time.Minute)
		for _, tc := range []struct {
			what  string
			err   error
			kid   string
			want  reason.Code
			waits bool
		}{
			{"good", nil, "k2", reason.Allowed, false},
			{"another reason", fault(reason.TokenSignature), "k2", reason.TokenSignature, false},
			{"no kid", fault(reason.TokenKeyUnknown), "", reason.TokenKeyUnknown, false},
			{"a kid to come", fault(reason.TokenKeyUnknown), "k2", reason.KeysPending, true},
			{"no keys", fault(reason.KeysUnavailable), "", reason.KeysUnavailable, true},
		} {
			wait, err := l.Await(tc.err, tc.kid)
			if reason.Of(err) != tc.want || (wait > 0) != tc.waits || !errors.Is(err, tc.err) {
				t.Errorf("%s: %d, %v, want %v", tc.what, wait, err, tc.want)
			}
		}
		time.Sleep(time.Second) // the fetch is answered: the kid is nobody's
		synctest.Wait()
		if wait, err := l.Await(fault(reason.TokenKeyUnknown), "k2"); wait != 0 || reason.Of(err) != reason.TokenKeyUnknown {
			t.Errorf("an answered kid: %d, %v", wait, err)
		}
	})
}

// TestKeys: none before the first fetch, none that are too old.
func TestKeys(t *testing.T) {
	set := mint.JWKS(minttest.Key(t, "ES256", "k1"))
	synctest.Test(t, func(t *testing.T) {
		p := keys.NewPool(keys.Options{})
		defer p.Close()
		l := acquire(t, p, &origin{text: set, takes: time.Second}, source())
		if l.Keys(time.Now()) != nil {
			t.Error("keys before the first fetch")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if l.Keys(time.Now()).Len() != 1 {
			t.Error("no keys after it")
		}
		if l.Keys(time.Now().Add(1000*24*time.Hour)) != nil {
			t.Error("keys that are too old")
		}
	})
}
