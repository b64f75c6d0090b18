package e2e_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/postern"
)

// TestASuccessorTakesOverWithoutAFailure binds the same socket while the old one serves, lets the
// old one go, and then once more: Go would have deleted the successor's socket.
func TestASuccessorTakesOverWithoutAFailure(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{Gate: mesh.Gate{Cleartext: true}})
	var asks []func() string
	for range 4 {
		client := m.HTTP1(t, nil)
		asks = append(asks, func() string {
			got, err := client.Do(request("GET", "/public/x"))
			return fault(got, err)
		})
	}
	stop := traffic(t, 40*time.Millisecond, asks...)
	old := m.Postern
	for range 2 {
		eventually(t, "the old one has work", func() bool { return len(old.Records()) > 20 })
		next := postern.Start(t, m.Options(postern.Options{Socket: old.Socket}))
		if err := old.Stop(time.Minute); err != nil {
			t.Errorf("the old one: %v", err)
		}
		old = next
	}
	eventually(t, "the last one has work", func() bool { return len(old.Records()) > 20 })
	sent, failures := stop()
	if len(failures) > 0 {
		t.Errorf("%d of %d failed: %v", len(failures), sent, failures)
	}
	if n := m.Envoy.Stat("http.inbound.ext_authz.error"); n != 0 {
		t.Errorf("%d checks failed", n)
	}
}

// askers are clients that ask one question after the other until the socket is gone.
type askers struct {
	answered, lost atomic.Int64
	running        sync.WaitGroup
}

func startAskers(t *testing.T, p *postern.Postern) *askers {
	t.Helper()
	a := &askers{}
	for range 8 {
		conn, err := grpc.NewClient("unix://"+p.Socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		client := authv3.NewAuthorizationClient(conn)
		for range 4 {
			a.running.Go(func() { a.ask(t, client) })
		}
	}
	return a
}

func (a *askers) ask(t *testing.T, client authv3.AuthorizationClient) {
	for {
		_, err := client.Check(context.Background(), ask("/x"))
		switch {
		case err == nil:
			a.answered.Add(1)
		case strings.Contains(err.Error(), "connect: connection refused"), strings.Contains(err.Error(), "error reading server preface"):
			return // it never got there
		default:
			a.lost.Add(1)
			t.Logf("a check was lost: %v", err)
			return
		}
	}
}

// loneWith starts a Postern without an Envoy, whose one route is open to anyone.
func loneWith(t *testing.T, args ...string) *postern.Postern {
	t.Helper()
	m := &mesh.Mesh{World: mesh.NewWorld(t), Policies: t.TempDir()}
	m.Write(t, "orders.yaml", mesh.Policy(`  - {name: all, http: {methods: [GET], path: /x}, allow: [{callers: [anyone]}]}`+"\n"))
	return postern.Start(t, m.Options(postern.Options{Args: args}))
}

// TestEveryCheckThatWasReceivedIsAnsweredAndRecorded ends Postern amid many quick checks.
func TestEveryCheckThatWasReceivedIsAnsweredAndRecorded(t *testing.T) {
	t.Parallel()
	p := loneWith(t)
	a := startAskers(t, p)
	eventually(t, "checks are under way", func() bool { return a.answered.Load() > 500 })
	if err := p.Stop(time.Minute); err != nil {
		t.Errorf("exit: %v", err)
	}
	a.running.Wait()
	if got, want := len(p.Records()), int(a.answered.Load()); a.lost.Load() != 0 || got != want {
		t.Errorf("%d records for %d answers, %d checks lost", got, want, a.lost.Load())
	}
}

// TestSlowChecksAreAnsweredToo ends Postern amid checks that all wait for their record, which
// nobody reads for now.
func TestSlowChecksAreAnsweredToo(t *testing.T) {
	t.Parallel()
	p := loneWith(t, "--record-required")
	release := p.HoldRecords()
	defer release()
	a := startAskers(t, p)
	eventually(t, "a check waits so long that it is denied", func() bool {
		_, metrics, err := p.Get("/metrics")
		return err == nil && strings.Contains(metrics, "record_unavailable")
	})
	eventually(t, "it is ready, and says that records are lost", func() bool {
		ready, detail := p.Ready()
		return ready && strings.Contains(detail, "degraded  records: -: being lost")
	})
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it drains", func() bool { return strings.Contains(p.Log(), "draining") || p.Ended() })
	release()
	a.running.Wait()
	if err := p.Wait(time.Minute); err != nil {
		t.Errorf("exit: %v", err)
	}
	if a.lost.Load() != 0 {
		t.Errorf("%d checks lost", a.lost.Load())
	}
}

// ask is the check of a GET that no certificate comes with.
func ask(path string) *authv3.CheckRequest {
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{Request: &authv3.AttributeContext_Request{
		Http: &authv3.AttributeContext_HttpRequest{Method: "GET", Path: path, Host: "orders.test", Protocol: "HTTP/1.1", Scheme: "https"},
	}}}
}
