package provider_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/reason"
)

// many returns so many providers of one place, the one of idp in their middle, and their names.
func many(idp *keystest.Issuer, n int) ([]identity.Provider, []string) {
	all, names := make([]identity.Provider, n), make([]string, n)
	for i := range all {
		names[i] = fmt.Sprint("idp-", i)
		all[i] = issuer(idp, names[i])
		if i != n/2 {
			all[i].JWT.Issuer = fmt.Sprintf("https://idp-%d.test", i)
		}
	}
	return all, names
}

// TestKnownAmongMany: whose a known token is costs nothing to find out, however many could be meant, and
// in however many places.
func TestKnownAmongMany(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	idp := keystest.New(t, key)
	all, names := many(idp, 100)
	all[0].From = identity.Place{Header: "x-partner"}
	all[1].From = identity.Place{Cookie: "session"}
	all[2].From = identity.Place{Header: "authorization", Scheme: "DPoP"}
	request := bearer(sign(t, idp, key))
	request.values["cookie"] = []string{"theme=dark"}
	set, r, at := started(t, all...).Current(), request.request(), now()
	ask := func() identity.Credential {
		return set.Authenticate(context.Background(), names, r, at, identity.Caller{})
	}
	expect(t, ask(), reason.Allowed)
	if n := testing.AllocsPerRun(100, func() { ask() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if c := ask(); c.User.Provider != "idp-50" {
		t.Errorf("it is proven by %s", c.User.Provider)
	}
}

// TestChoiceIsOfOneList: what one list of names made of a token is nothing to another, even in the same
// place, nor to the list after a change of the configuration.
func TestChoiceIsOfOneList(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	idp, other := keystest.New(t, key), keystest.New(t, key)
	a, b := issuer(idp, "a"), issuer(other, "b")
	m := started(t, a, b, issuer(idp, "alike"))
	token := bearer(sign(t, idp, key)).request()
	ask := func(names []string, want reason.Code) {
		t.Helper()
		for range 3 {
			expect(t, m.Current().Authenticate(context.Background(), names, token, now(), identity.Caller{}), want)
		}
	}
	list := []string{"a", "b", "alike"}
	ask(list[:2], reason.Allowed)
	ask(list, reason.TokenAudience)
	ask(list[:2], reason.Allowed)
	ask([]string{"a", "b", "a", "b"}, reason.Allowed)
	ask([]string{"b", "a"}, reason.Allowed)
	ask([]string{"b", "alike"}, reason.Allowed)
	ask([]string{"a", "none"}, reason.Internal)
	list[1] = "alike" // which nobody does
	ask(list[:2], reason.TokenAudience)

	kept := []string{"a", "b"}
	ask(kept, reason.Allowed)
	configure(t, m, a, issuer(idp, "b"))
	ask(kept, reason.TokenAudience)
	configure(t, m, a, issuer(idp, "b", func(p *identity.Provider) { p.JWT.Audiences = []string{"other-api"} }))
	ask(kept, reason.Allowed)
	configure(t, m, b)
	ask(kept, reason.Internal)
}

// TestManyLists: however many lists of names there are and whoever asks at once, each is answered as what
// it says.
func TestManyLists(t *testing.T) {
	key := minttest.Key(t, "EdDSA", "k1")
	idp := keystest.New(t, key)
	all, names := many(idp, 8)
	set, at := started(t, all...).Current(), now()
	mine, foreign := bearer(sign(t, idp, key)).request(), bearer(sign(t, idp, key, mint.Set("iss", "https://idp-9.test"))).request()
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 500 {
				list := slices.Concat(names[(worker+i)%8:], names[:(worker+i)%8])[:2+i%7]
				want := reason.TokenIssuer
				if slices.Contains(list, "idp-4") {
					want = reason.Allowed
				}
				if c := set.Authenticate(context.Background(), list, mine, at, identity.Caller{}); c.Reason != want {
					t.Errorf("%v: %v, want %v", list, c.Reason, want)
				}
				if c := set.Authenticate(context.Background(), list, foreign, at, identity.Caller{}); c.Reason != reason.TokenIssuer {
					t.Errorf("%v: %v", list, c.Reason)
				}
			}
		})
	}
	group.Wait()
}

// heap returns how many bytes are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestListsThatDoNotLive: a list that lies in memory of one question costs no memory, wherever that is and
// however many there were.
func TestListsThatDoNotLive(t *testing.T) {
	key := minttest.Key(t, "EdDSA", "k1")
	idp := keystest.New(t, key)
	all, names := many(idp, 12)
	set, r, at := started(t, all...).Current(), bearer(sign(t, idp, key)).request(), now()
	ask := func(list []string) {
		if c := set.Authenticate(context.Background(), list, r, at, identity.Caller{}); c.Reason != reason.Allowed {
			t.Fatal(c.Cause)
		}
	}
	ask(names)
	before := heap()
	lists := make([][]string, 20_000) // each at another address
	for i := range lists {
		lists[i] = slices.Clone(names)
		ask(lists[i])
	}
	clear(lists)
	if kept := heap() - before; kept > 1<<20 {
		t.Errorf("%d bytes are kept of lists that are gone", kept)
	}
	if n := testing.AllocsPerRun(100, func() { ask(names) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	runtime.KeepAlive(set)
}

// BenchmarkProviders is a token where so many providers are accepted: one that is known, and one of nobody.
func BenchmarkProviders(b *testing.B) {
	for _, n := range []int{1, 2, 3, 10, 30, 100} {
		key := minttest.Key(b, "ES256", "k1")
		idp := keystest.New(b, key)
		all, names := many(idp, n)
		set := started(b, all...).Current()
		known, foreign := bearer(sign(b, idp, key)), bearer(sign(b, idp, key, mint.Set("iss", "https://x.test")))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			cost(b, func(int) { prove(b, set, names, known) })
		})
		b.Run(fmt.Sprint(n, "-foreign"), func(b *testing.B) {
			cost(b, func(int) { refused(b, set, names, foreign) })
		})
	}
}

func refused(b *testing.B, set *provider.Set, names []string, h headers) {
	if c := set.Authenticate(context.Background(), names, h.request(), now(), identity.Caller{}); c.Reason != reason.TokenIssuer {
		b.Fatal(c.Cause)
	}
}
