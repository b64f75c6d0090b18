package e2e_test

import (
	"crypto/x509"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/postern/postern/e2e/envoy"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/e2e/raw"
	"github.com/postern/postern/e2e/upstream"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// An agent is a Workload API whose JWT bundles a test chooses.
type agent struct {
	workload.UnimplementedSpiffeWorkloadAPIServer
	svids *workload.X509SVIDResponse

	mu      sync.Mutex
	bundles map[string][]byte // nil: it does not serve them
	changed chan struct{}
}

// startAgent gives Orders its SVID on a socket, and returns its address.
func startAgent(t *testing.T, w *mesh.World) (*agent, string) {
	t.Helper()
	svid := minttest.SVID(t, w.Shop, mesh.Orders)
	key, err := x509.MarshalPKCS8PrivateKey(svid.Key)
	if err != nil {
		t.Fatal(err)
	}
	a := &agent{changed: make(chan struct{}), svids: &workload.X509SVIDResponse{Svids: []*workload.X509SVID{
		{SpiffeId: mesh.Orders, X509Svid: svid.Leaf().Raw, X509SvidKey: key, Bundle: w.Shop.Certificate().Raw},
	}}}
	path := filepath.Join(postern.Dir(t), "agent.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	workload.RegisterSpiffeWorkloadAPIServer(server, a)
	go func() { _ = server.Serve(listener) }() // ends with Stop
	t.Cleanup(server.Stop)
	return a, "unix://" + path
}

// say pushes the JWT bundles of these trust domains, and no others.
func (a *agent) say(t *testing.T, bundles map[string][]*mint.Key) {
	t.Helper()
	next := map[string][]byte{}
	for domain, keys := range bundles {
		set := make([]map[string]any, len(keys))
		for i, k := range keys {
			set[i] = k.JWK()
			set[i]["use"] = "jwt-svid"
		}
		text, err := json.Marshal(map[string]any{"keys": set})
		if err != nil {
			t.Fatal(err)
		}
		next["spiffe://"+domain] = text
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.bundles = next
	close(a.changed)
	a.changed = make(chan struct{})
}

func (a *agent) FetchX509SVID(_ *workload.X509SVIDRequest, stream workload.SpiffeWorkloadAPI_FetchX509SVIDServer) error {
	if err := stream.Send(a.svids); err != nil {
		return err
	}
	<-stream.Context().Done()
	return stream.Context().Err()
}

func (a *agent) FetchJWTBundles(_ *workload.JWTBundlesRequest, stream workload.SpiffeWorkloadAPI_FetchJWTBundlesServer) error {
	for {
		a.mu.Lock()
		bundles, changed := a.bundles, a.changed
		a.mu.Unlock()
		if bundles == nil {
			return status.Error(codes.Unimplemented, "no JWT bundles")
		}
		if err := stream.Send(&workload.JWTBundlesResponse{Bundles: bundles}); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}

// TestADroppedJWTBundleStopsWorking has JWT-SVIDs of a partner, whose trust domain, and before that
// one key of it, is dropped by the Workload API. An agent that serves no JWT bundles disturbs nothing
// else.
func TestADroppedJWTBundleStopsWorking(t *testing.T) {
	t.Parallel()
	envoy.Require(t)
	w := mesh.NewWorld(t)
	m := &mesh.Mesh{World: w, Upstream: upstream.Start(t), Policies: t.TempDir()}
	a, address := startAgent(t, w)
	m.Write(t, "orders.yaml", mesh.Policy(strings.NewReplacer("workloads", "partners").Replace(jobRoutes[:strings.Index(jobRoutes, "  - {name: both")])+openOrders))
	m.Write(t, "partners.yaml", strings.NewReplacer("workloads", "partners", "shop.test", "partner.test").Replace(workloads))
	m.Postern = postern.Start(t, postern.Options{Policies: m.Policies, Args: []string{"--workload-api", address}})
	gate := mesh.Gate{Authz: m.Postern.Socket, Upstream: m.Upstream.Port(), Files: m.Dir, Cleartext: true}
	m.Envoy = envoy.Start(t, gate.Config(t), envoy.Options{})
	m.Addr = m.Envoy.Addr("inbound")

	one, two, home := minttest.Key(t, "ES256", "one"), minttest.Key(t, "RS256", "two"), minttest.Key(t, "ES256", "one")
	now := time.Now()
	svid := func(key *mint.Key, id string) func() *raw.Response {
		claims := map[string]any{"sub": id, "aud": "orders", "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
		line := request("GET", "/job", "authorization: Bearer "+minttest.Sign(t, key, key.Header("JWT"), claims))
		return func() *raw.Response { return do(t, m, nil, line) }
	}
	first, second, foreign := svid(one, "spiffe://partner.test/job"), svid(two, "spiffe://partner.test/job"), svid(home, "spiffe://shop.test/job")
	wantRefused(t, first(), 503, "keys_unavailable")
	eventually(t, "it is ready, and says that there are no JWT bundles", func() bool {
		ready, page := m.Postern.Ready()
		return ready && strings.Contains(page, "does not serve JWT bundles")
	})
	_, snapshot, err := m.Postern.Get("/snapshot")
	if err != nil || !strings.Contains(snapshot, "the trust domain has no JWT bundle") {
		t.Errorf("%v: %s", err, snapshot)
	}

	pace := mesh.NewPace(t)
	for range pace.Tries(1) {
		a.say(t, map[string][]*mint.Key{"partner.test": {one, two}, "shop.test": {home}})
		eventually(t, "an agent that begins to serve them is heard", func() bool { return first().Status == 200 && second().Status == 200 })
		wantRefused(t, foreign(), 401, "token_issuer")
		wantRefused(t, svid(home, "spiffe://partner.test/job")(), 401, "token_signature")
		a.say(t, map[string][]*mint.Key{"partner.test": {two}, "shop.test": {home}})
		soonRefused(t, pace, "the dropped key is refused", 401, "token_key_unknown", first)
		if got := second(); got.Status != 200 {
			t.Errorf("the key that stays: %d %s", got.Status, got.Body)
		}
		a.say(t, map[string][]*mint.Key{"shop.test": {home}})
		soonRefused(t, pace, "the dropped trust domain is refused", 503, "keys_unavailable", second)
	}
}

// TestJWTAuthoritiesInABundleFile has the JWT authorities in a SPIFFE bundle beside the certificates,
// which is edited: the new key counts and the old one does not, as soon as an edit must.
func TestJWTAuthoritiesInABundleFile(t *testing.T) {
	t.Parallel()
	envoy.Require(t)
	w := mesh.NewWorld(t)
	m := &mesh.Mesh{World: w, Upstream: upstream.Start(t), Policies: t.TempDir()}
	one, two := minttest.Key(t, "ES256", "one"), minttest.Key(t, "ES256", "two")
	bundle := m.File("shop.json")
	publish := func(key *mint.Key) {
		t.Helper()
		if err := os.WriteFile(bundle+".new", minttest.BundleJSON(t, w.Shop, key), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(bundle+".new", bundle); err != nil {
			t.Fatal(err)
		}
	}
	publish(one)
	m.Write(t, "orders.yaml", mesh.Policy(jobRoutes[:strings.Index(jobRoutes, "  - {name: both")]))
	m.Write(t, "workloads.yaml", workloads)
	m.Postern = postern.Start(t, postern.Options{Policies: m.Policies, Workload: mesh.Orders, Bundles: map[string]string{"shop.test": bundle}})
	gate := mesh.Gate{Authz: m.Postern.Socket, Upstream: m.Upstream.Port(), Files: m.Dir, Cleartext: true}
	m.Envoy = envoy.Start(t, gate.Config(t), envoy.Options{})
	m.Addr = m.Envoy.Addr("inbound")
	now := time.Now()
	ask := func(key *mint.Key) *raw.Response {
		t.Helper()
		claims := map[string]any{"sub": mesh.Web, "aud": "orders", "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
		return do(t, m, nil, request("GET", "/job", "authorization: Bearer "+minttest.Sign(t, key, key.Header("JWT"), claims)))
	}
	eventually(t, "the key of the file verifies", func() bool { return ask(one).Status == 200 })
	wantRefused(t, ask(two), 401, "token_key_unknown")
	pace := mesh.NewPace(t)
	for range pace.Tries(2) {
		publish(two)
		soonRefused(t, pace, "the key that the file has no more is refused", 401, "token_key_unknown", func() *raw.Response { return ask(one) })
		if got := ask(two); got.Status != 200 {
			t.Errorf("the key of the new file: %d %s", got.Status, got.Body)
		}
		one, two = two, one
	}
}
