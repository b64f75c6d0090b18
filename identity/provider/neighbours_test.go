package provider_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/reason"
)

// A neighbour is a provider whose issuer is hostile.
type neighbour struct {
	name  string
	start func(t *testing.T, idp *keystest.Issuer) identity.KeySource
}

func neighbours(sent *atomic.Int64) []neighbour {
	answering := func(h http.HandlerFunc) func(*testing.T, *keystest.Issuer) identity.KeySource {
		return func(_ *testing.T, idp *keystest.Issuer) identity.KeySource {
			idp.Answer("/jwks", h)
			return idp.ByURL()
		}
	}
	return []neighbour{
		{"never answers", answering(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })},
		{"a byte a second", answering(func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = w.Write([]byte(" "))
				_ = http.NewResponseController(w).Flush()
				select {
				case <-r.Context().Done():
				case <-time.After(time.Second):
				}
			}
		})},
		{"10 GB", answering(func(w http.ResponseWriter, _ *http.Request) {
			chunk := bytes.Repeat([]byte(" "), 64<<10)
			for range 10 << 30 / len(chunk) {
				if _, err := w.Write(chunk); err != nil {
					return
				}
				sent.Add(int64(len(chunk)))
			}
		})},
		{"hangs in the handshake", func(t *testing.T, idp *keystest.Issuer) identity.KeySource {
			from := idp.ByURL()
			from.URL = "https://" + mute(t) + "/jwks"
			return from
		}},
	}
}

// mute listens, accepts and never says a word.
func mute(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var open []net.Conn
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, c := range open {
			c.Close()
		}
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
		}
	}()
	return l.Addr().String()
}

// TestHostileNeighbours: while an issuer hangs, drips or floods, and its tokens are asked about
// without end, the tokens of another are all proven, nothing waits and nothing grows.
func TestHostileNeighbours(t *testing.T) {
	const fetch = time.Minute // so long takes one of a hostile issuer's
	var sent atomic.Int64
	for _, n := range neighbours(&sent) {
		t.Run(n.name, func(t *testing.T) {
			key := minttest.Key(t, "ES256", "k1")
			good, bad := keystest.New(t, key), keystest.New(t, key)
			m := manager(t, provider.Options{Timeout: fetch})
			from := n.start(t, bad)
			hostile := issuer(bad, "hostile", func(p *identity.Provider) { p.JWT.Keys = from })
			configure(t, m, issuer(good, "good"), hostile)
			keystest.Until(t, "the good keys", func() bool {
				return m.Current().Authenticate(context.Background(), []string{"good"}, bearer(sign(t, good, key)).request(), now(), identity.Caller{}).User != nil
			})

			theirs := bearer(sign(t, bad, key))
			ours := make([]headers, 64)
			for i := range ours {
				ours[i] = bearer(sign(t, good, key, mint.Set("n", i)))
			}
			goroutines := runtime.NumGoroutine()
			began := time.Now()
			for i := range 1000 {
				c := m.Current().Authenticate(context.Background(), []string{"good", "hostile"}, theirs.request(), now(), identity.Caller{})
				if c.Reason != reason.KeysUnavailable || c.RetryAfter < 1 {
					t.Fatalf("the hostile one's: %v, %v", c.Reason, c.Cause)
				}
				if c := m.Current().Authenticate(context.Background(), []string{"good", "hostile"}, ours[i%len(ours)].request(), now(), identity.Caller{}); c.Reason != reason.Allowed {
					t.Fatalf("the good one's: %v, %v", c.Reason, c.Cause)
				}
				if took := time.Since(began); took > fetch {
					t.Fatalf("%d pairs took %v, and one that waits for a fetch takes %v", i+1, took, fetch)
				}
			}
			if grown := runtime.NumGoroutine() - goroutines; grown > 20 { // of a fetch and the test's server
				t.Errorf("%d goroutines more", grown)
			}
		})
	}
	if n := sent.Load(); n > 1<<30 {
		t.Errorf("%d bytes of a flood were taken", n)
	}
}

// TestFetchesUnderAttack sends 10,000 tokens with as many kids, from many goroutines, all of them
// with the issuer's own name on them: its budget is one fetch in 30 s, and none is made for what is
// no token of its kind.
func TestFetchesUnderAttack(t *testing.T) {
	key, stranger := minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k2")
	idp := keystest.New(t, key)
	m := manager(t, provider.Options{Interval: 30 * time.Second})
	configure(t, m, issuer(idp, "idp"))
	keystest.Until(t, "keys", func() bool { return keyed(m.Current()) })
	keystest.Until(t, "the keys in use", func() bool { return result(m, "idp", sign(t, idp, key)).User != nil })
	began := time.Now()
	payload := part64(fmt.Sprintf(`{"iss":%q,"aud":"shop-api","sub":"u","iat":%d,"exp":%d}`, idp.URL, began.Unix(), began.Unix()+300))
	var group sync.WaitGroup
	var others atomic.Int64
	for worker := range 8 {
		group.Go(func() {
			for i := range 1250 {
				header := part64(fmt.Sprintf(`{"alg":"ES256","kid":"random-%d-%d"}`, worker, i))
				c := result(m, "idp", header+"."+payload+"."+part64("signature that is nobody's"))
				if c.Reason != reason.KeysPending && c.Reason != reason.TokenKeyUnknown {
					others.Add(1)
				}
			}
		})
	}
	group.Wait()
	if n := others.Load(); n > 0 {
		t.Errorf("%d tokens came to another end", n)
	}
	fetches := idp.Fetches()
	if most := 2 + int(time.Since(began)/(30*time.Second)); len(fetches) > most {
		t.Errorf("%d fetches", len(fetches))
	}
	for i := 1; i < len(fetches); i++ {
		if gap := fetches[i].Sub(fetches[i-1]); gap < 29*time.Second { // as the server sees it
			t.Errorf("two fetches within %v", gap)
		}
	}
	// The real key's tokens were not in the way, and the stranger's are still asked about.
	if c := result(m, "idp", sign(t, idp, key)); c.Reason != reason.Allowed {
		t.Errorf("a sound token: %v", c.Reason)
	}
	if c := result(m, "idp", sign(t, idp, stranger)); c.Reason != reason.KeysPending || c.RetryAfter < 1 || c.RetryAfter > 31 {
		t.Errorf("a new key's: %v, after %d s", c.Reason, c.RetryAfter)
	}
	t.Logf("10,000 kids in %v: %d fetches in all", time.Since(began).Round(time.Millisecond), len(fetches))
}
