package spire

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/e2e/process"
)

//go:embed server.conf
var serverText string

// ready bounds how long a server or an agent may take to be there.
const ready = 2 * time.Minute

// A Config says what a server is like.
type Config struct {
	TrustDomain string
	Life        time.Duration // of SVIDs, unless an entry says; 0: an hour
	Upstream    string        // a folder with up.crt and up.key, the CA above the server's; "": it is its own root
}

// A Server is a running SPIRE server that belongs to a test.
type Server struct {
	Config
	Dir          string // where its files are
	Socket       string // of its API
	Port         int    // where agents connect, on 127.0.0.1
	EndpointPort int    // of its bundle endpoint, on 127.0.0.1
	binaries     string
	before       map[string]string // SPIRE's own SVIDs before a taint
	t            testing.TB
}

// StartServer runs a server until the test ends, and returns when it serves. Without SPIRE the
// test is skipped, and fails where CI=true.
func StartServer(t testing.TB, c Config) *Server {
	t.Helper()
	if c.Life == 0 {
		c.Life = time.Hour
	}
	s := &Server{Config: c, binaries: Require(t), Dir: postern.Dir(t), Port: freePort(t), EndpointPort: freePort(t), t: t}
	s.Socket = filepath.Join(s.Dir, "server.sock")
	run(t, serverName, filepath.Join(s.binaries, serverName), "run", "-config", render(t, s.Dir, "server.conf", serverText, s))
	awaitHealth(t, serverName, s.Socket)
	return s
}

// Do runs a command of spire-server's on this server and returns what it prints. The test
// fails when the command does.
func (s *Server) Do(args ...string) string {
	s.t.Helper()
	return s.DoWith("", args...)
}

// DoWith is Do with input for the command to read.
func (s *Server) DoWith(input string, args ...string) string {
	s.t.Helper()
	out, err := s.Try(input, args...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// Try is DoWith for a command that may fail.
func (s *Server) Try(input string, args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(s.binaries, serverName), append(args, "-socketPath", s.Socket)...)
	cmd.Stdin = strings.NewReader(input)
	var out, fault bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &fault
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("spire-server %s: %w\n%s%s", strings.Join(args, " "), err, &out, &fault)
	}
	return out.String(), nil
}

// run starts a process that ends with the test, which fails when it ends before.
func run(t testing.TB, name, path string, args ...string) *process.Process {
	t.Helper()
	p, err := process.Start(process.Spec{Name: name, Path: path, Args: args, Env: process.Environment()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, p.Log())
		}
	})
	return p
}

// render writes a configuration into dir and returns its path.
func render(t testing.TB, dir, name, text string, values any) string {
	t.Helper()
	var out bytes.Buffer
	if err := template.Must(template.New(name).Parse(text)).Execute(&out, values); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// awaitHealth waits until the health service on the socket says that it serves.
func awaitHealth(t testing.TB, name, socket string) {
	t.Helper()
	conn, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), ready)
	defer cancel()
	for {
		said, err := healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{})
		if said.GetStatus() == healthv1.HealthCheckResponse_SERVING {
			return
		}
		conn.ResetConnectBackoff()
		select {
		case <-ctx.Done():
			t.Fatalf("%s does not serve on %s: %v", name, socket, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// freePort returns a port that was free a moment ago. SPIRE cannot say which one it took.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
