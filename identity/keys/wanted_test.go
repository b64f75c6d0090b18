package keys_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// TestUnknownKid is Keycloak's rotation: it signs with a new key at once.
func TestUnknownKid(t *testing.T) {
	first, second := minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k2")
	synctest.Test(t, func(t *testing.T) {
		changes := 0
		p := keys.NewPool(keys.Options{Changed: func() { changes++ }})
		defer p.Close()
		o := &origin{text: mint.JWKS(first), takes: time.Second}
		l := acquire(t, p, o, source())
		time.Sleep(5 * time.Second)

		o.set(mint.JWKS(first, second), nil)
		wait, pending := l.Want("k2")
		if !pending || wait < 25 || wait > 27 {
			t.Fatalf("pending %v, wait %d s", pending, wait)
		}
		time.Sleep(25500 * time.Millisecond) // the fetch is under way
		if wait, pending := l.Want("k2"); !pending || wait != 1 {
			t.Errorf("under way: pending %v, wait %d s", pending, wait)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if ids := l.Set().Keys.KeyIDs(); !slices.Equal(ids, []string{"k1", "k2"}) || l.Set().Generation != 2 || changes != 2 {
			t.Errorf("keys %v, generation %d, %d changes", ids, l.Set().Generation, changes)
		}
		o.budget(t)
	})
}

// TestUnknownKidAtOnce: the interval since the last fetch has passed, so nobody waits for it.
func TestUnknownKidAtOnce(t *testing.T) {
	set := mint.JWKS(minttest.Key(t, "ES256", "k1"))
	synctest.Test(t, func(t *testing.T) {
		p := keys.NewPool(keys.Options{})
		defer p.Close()
		o := &origin{text: set}
		l := acquire(t, p, o, source())
		time.Sleep(time.Minute)
		if wait, pending := l.Want("k2"); !pending || wait != 1 {
			t.Errorf("pending %v, wait %d s", pending, wait)
		}
		synctest.Wait()
		if n := len(o.began()); n != 2 {
			t.Fatalf("%d fetches", n)
		}
		for range 29 {
			if _, pending := l.Want("k2"); pending {
				t.Fatal("the issuer was asked, and the answer is still open")
			}
			time.Sleep(time.Second)
		}
		if n := len(o.began()); n != 2 {
			t.Errorf("%d fetches", n)
		}
		time.Sleep(time.Minute) // what was nobody's kid may have become one
		if _, pending := l.Want("k2"); !pending {
			t.Error("never asked again")
		}
	})
}

// TestAskedWhileUnderWay: the answer on its way may be older than the key.
func TestAskedWhileUnderWay(t *testing.T) {
	set := mint.JWKS(minttest.Key(t, "ES256", "k1"))
	synctest.Test(t, func(t *testing.T) {
		p := keys.NewPool(keys.Options{})
		defer p.Close()
		o := &origin{text: set, takes: 5 * time.Second}
		l := acquire(t, p, o, source())
		time.Sleep(time.Second)
		if _, pending := l.Want("k2"); !pending {
			t.Fatal("not pending")
		}
		time.Sleep(10 * time.Second) // that fetch is over
		if _, pending := l.Want("k2"); !pending {
			t.Error("a fetch that began before the question answered it")
		}
		time.Sleep(30 * time.Second)
		if _, pending := l.Want("k2"); pending {
			t.Error("still pending after a fetch of its own")
		}
		o.budget(t)
	})
}

// TestUnknownKidOfABrokenIssuer: as long as it cannot be asked, nobody knows.
func TestUnknownKidOfABrokenIssuer(t *testing.T) {
	first, second := minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k2")
	synctest.Test(t, func(t *testing.T) {
		p := keys.NewPool(keys.Options{})
		defer p.Close()
		o := &origin{text: mint.JWKS(first)}
		l := acquire(t, p, o, source())
		time.Sleep(time.Minute)
		o.set(nil, errors.New("status 500"))
		for range 100 {
			if wait, pending := l.Want("k2"); !pending || wait < 1 || wait > 35 {
				t.Fatalf("pending %v, wait %d s", pending, wait)
			}
			time.Sleep(time.Second)
		}
		if !slices.Equal(l.Set().Keys.KeyIDs(), []string{"k1"}) || !l.Fresh(time.Now()) {
			t.Error("the good keys were lost")
		}
		o.set(mint.JWKS(second), nil)
		time.Sleep(34 * time.Second)
		if ids := l.Set().Keys.KeyIDs(); !slices.Equal(ids, []string{"k2"}) {
			t.Errorf("recovered to %v", ids)
		}
		o.budget(t)
	})
}

// TestManyUnknownKids: whoever sends random kids gets nothing but the wait, and takes nothing
// from the client whose kid is real.
func TestManyUnknownKids(t *testing.T) {
	first, second := minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k2")
	synctest.Test(t, func(t *testing.T) {
		p := keys.NewPool(keys.Options{})
		defer p.Close()
		o := &origin{text: mint.JWKS(first)}
		l := acquire(t, p, o, source())
		time.Sleep(time.Second)
		o.set(mint.JWKS(first, second), nil)
		for i := range 10_000 {
			if _, pending := l.Want(fmt.Sprint("random-", i)); !pending {
				t.Fatalf("kid %d is not pending", i)
			}
		}
		if _, pending := l.Want("k2"); !pending {
			t.Error("the real kid is not pending")
		}
		time.Sleep(30 * time.Second)
		if ids := l.Set().Keys.KeyIDs(); len(ids) != 2 {
			t.Errorf("the keys are %v", ids)
		}
		for i := range 10_000 {
			l.Want(fmt.Sprint("again-", i))
		}
		time.Sleep(10 * time.Minute)
		o.budget(t)
	})
}
