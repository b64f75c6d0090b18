package spire

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/jwtbundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

// A JWTClient asks an agent for JWT-SVIDs, as the test's own process, and keeps what the agent says
// of JWT bundles. It is safe for concurrent use.
type JWTClient struct {
	client *workloadapi.Client
	t      testing.TB
	mu     sync.Mutex
	said   []JWTUpdate
}

// A JWTUpdate is what an agent said of one trust domain's JWT authorities, and when.
type JWTUpdate struct {
	At   time.Time
	Keys []string // the key IDs, sorted
}

// NewJWTClient asks the agent until the test ends.
func NewJWTClient(t testing.TB, a *Agent) *JWTClient {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	client, err := workloadapi.New(ctx, workloadapi.WithAddr(a.Address()))
	if err != nil {
		t.Fatal(err)
	}
	c := &JWTClient{client: client, t: t}
	watch := bundleWatch{c, spiffeid.RequireTrustDomainFromString(a.Server.TrustDomain)}
	var done sync.WaitGroup
	done.Go(func() { _ = client.WatchJWTBundles(ctx, watch) }) // ends with ctx
	t.Cleanup(func() {
		cancel()
		done.Wait()
		client.Close()
	})
	return c
}

// Token returns a JWT-SVID of a workload that this process is registered as. The agent keeps
// it for half of its life.
func (c *JWTClient) Token(id, audience string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), ready)
	defer cancel()
	subject, err := spiffeid.FromString(id)
	if err != nil {
		return "", err
	}
	svid, err := c.client.FetchJWTSVID(ctx, jwtsvid.Params{Audience: audience, Subject: subject})
	if err != nil {
		return "", err
	}
	return svid.Marshal(), nil
}

// Await returns the first update from which the key is there, or is gone.
func (c *JWTClient) Await(key string, there bool) JWTUpdate {
	c.t.Helper()
	for deadline := time.Now().Add(ready); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		c.mu.Lock()
		said := slices.Clone(c.said)
		c.mu.Unlock()
		if n := len(said); n == 0 || slices.Contains(said[n-1].Keys, key) != there {
			continue
		}
		first := len(said) - 1
		for first > 0 && slices.Contains(said[first-1].Keys, key) == there {
			first--
		}
		return said[first]
	}
	c.t.Fatalf("the agent's JWT bundle did not change in time: key %q, there %v", key, there)
	return JWTUpdate{}
}

// bundleWatch is the workloadapi.JWTBundleWatcher of a client.
type bundleWatch struct {
	client *JWTClient
	domain spiffeid.TrustDomain
}

// OnJWTBundlesUpdate is part of workloadapi.JWTBundleWatcher.
func (w bundleWatch) OnJWTBundlesUpdate(set *jwtbundle.Set) {
	u := JWTUpdate{At: time.Now()}
	if bundle, ok := set.Get(w.domain); ok {
		for id := range bundle.JWTAuthorities() {
			u.Keys = append(u.Keys, id)
		}
	}
	slices.Sort(u.Keys)
	w.client.mu.Lock()
	defer w.client.mu.Unlock()
	w.client.said = append(w.client.said, u)
}

// OnJWTBundlesWatchError is part of workloadapi.JWTBundleWatcher.
func (bundleWatch) OnJWTBundlesWatchError(error) {}
