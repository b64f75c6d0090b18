package e2e_test

import (
	"crypto/x509"
	"net"
	"path/filepath"
	"sync"
	"testing"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"google.golang.org/grpc"

	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/identity/mint"
)

// An svidAgent is a Workload API whose SVID and bundles a test chooses.
type svidAgent struct {
	workload.UnimplementedSpiffeWorkloadAPIServer
	path string

	mu      sync.Mutex
	answer  *workload.X509SVIDResponse
	changed chan struct{}
}

func startSVIDAgent(t *testing.T) *svidAgent {
	t.Helper()
	a := &svidAgent{path: filepath.Join(postern.Dir(t), "agent.sock"), changed: make(chan struct{})}
	listener, err := net.Listen("unix", a.path)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	workload.RegisterSpiffeWorkloadAPIServer(server, a)
	go func() { _ = server.Serve(listener) }() // ends with Stop
	t.Cleanup(server.Stop)
	return a
}

// say pushes an SVID of the home authority, and the bundles of all.
func (a *svidAgent) say(t *testing.T, svid *mint.SVID, home *mint.CA, federated ...*mint.CA) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(svid.Key)
	if err != nil {
		t.Fatal(err)
	}
	answer := &workload.X509SVIDResponse{FederatedBundles: map[string][]byte{}, Svids: []*workload.X509SVID{{
		SpiffeId: svid.Leaf().URIs[0].String(), X509Svid: svid.Leaf().Raw, X509SvidKey: key, Bundle: home.Certificate().Raw,
	}}}
	for _, ca := range federated {
		answer.FederatedBundles[ca.TrustDomain().IDString()] = ca.Certificate().Raw
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = answer
	close(a.changed)
	a.changed = make(chan struct{})
}

// FetchX509SVID is part of the Workload API.
func (a *svidAgent) FetchX509SVID(_ *workload.X509SVIDRequest, stream workload.SpiffeWorkloadAPI_FetchX509SVIDServer) error {
	for {
		a.mu.Lock()
		answer, changed := a.answer, a.changed
		a.mu.Unlock()
		if answer != nil {
			if err := stream.Send(answer); err != nil {
				return err
			}
		}
		select {
		case <-changed:
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}
