package e2e_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/postern"
)

// traffic sends about 100 requests a second over several connections until stop is called, which
// returns how many there were and what failed.
func traffic(t *testing.T, m *mesh.Mesh, line string) (stop func() (int, []string)) {
	t.Helper()
	done := make(chan struct{})
	var sent atomic.Int64
	var mu sync.Mutex
	var failures []string
	var workers sync.WaitGroup
	for range 4 {
		client := m.HTTP1(t, nil)
		workers.Go(func() {
			for tick := time.NewTicker(40 * time.Millisecond); ; {
				select {
				case <-done:
					tick.Stop()
					return
				case <-tick.C:
				}
				sent.Add(1)
				if got, err := client.Do(line); err != nil || got.Status != 200 {
					mu.Lock()
					failures = append(failures, fmt.Sprintf("%s, %v", brief(got), err))
					mu.Unlock()
				}
			}
		})
	}
	return func() (int, []string) {
		close(done)
		workers.Wait()
		return int(sent.Load()), failures
	}
}

// TestASuccessorTakesOverWithoutAFailure binds the same socket while the old one serves, lets the
// old one go, and then once more: Go would have deleted the successor's socket.
func TestASuccessorTakesOverWithoutAFailure(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{Gate: mesh.Gate{Cleartext: true}})
	stop := traffic(t, m, request("GET", "/public/x"))
	old := m.Postern
	for range 2 {
		eventually(t, "the old one has work", func() bool { return len(old.Records()) > 20 })
		next := postern.Start(t, m.Options(postern.Options{Socket: old.Socket}))
		if err := old.Stop(20 * time.Second); err != nil {
			t.Errorf("the old one: %v", err)
		}
		old = next
	}
	eventually(t, "the last one has work", func() bool { return len(old.Records()) > 20 })
	sent, failures := stop()
	if len(failures) > 0 || sent < 50 {
		t.Errorf("%d of %d failed: %v", len(failures), sent, failures)
	}
	if n := m.Envoy.Stat("http.inbound.ext_authz.error"); n != 0 {
		t.Errorf("%d checks failed", n)
	}
}

// TestEveryCheckThatWasReceivedIsAnsweredAndRecorded ends Postern amid many checks.
func TestEveryCheckThatWasReceivedIsAnsweredAndRecorded(t *testing.T) {
	t.Parallel()
	w := mesh.NewWorld(t)
	m := &mesh.Mesh{World: w, Policies: t.TempDir()}
	m.Write(t, "orders.yaml", mesh.Policy(`  - {name: all, http: {methods: [GET], path: /x}, allow: [{callers: [anyone]}]}`+"\n"))
	p := postern.Start(t, m.Options(postern.Options{}))
	var answered, lost atomic.Int64
	var callers sync.WaitGroup
	for range 8 {
		conn, err := grpc.NewClient("unix://"+p.Socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		client := authv3.NewAuthorizationClient(conn)
		callers.Go(func() {
			for {
				got, err := client.Check(context.Background(), ask("/x"))
				if status.Code(err) == codes.Unavailable {
					return // the socket is gone
				}
				if err != nil || got.GetStatus().GetCode() != 0 {
					lost.Add(1)
					return
				}
				answered.Add(1)
			}
		})
	}
	eventually(t, "checks are under way", func() bool { return answered.Load() > 500 })
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	callers.Wait()
	if err := p.Stop(20 * time.Second); err != nil {
		t.Errorf("exit: %v", err)
	}
	if lost.Load() != 0 {
		t.Errorf("%d checks failed in another way than by the closed socket", lost.Load())
	}
	if got, want := len(p.Records()), int(answered.Load()); got != want {
		t.Errorf("%d records for %d answers", got, want)
	}
}

// ask is the check of a GET that no certificate comes with.
func ask(path string) *authv3.CheckRequest {
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{Request: &authv3.AttributeContext_Request{
		Http: &authv3.AttributeContext_HttpRequest{Method: "GET", Path: path, Host: "orders.test", Protocol: "HTTP/1.1", Scheme: "https"},
	}}}
}
