package spire

import (
	_ "embed"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/e2e/process"
)

//go:embed agent.conf
var agentText string

// An Agent is a SPIRE agent that belongs to a test. It is made by Server.Agent and runs from
// Start on.
type Agent struct {
	Server  *Server
	Dir     string // where its files are
	Socket  string // of its Workload API
	token   string // to join with
	config  string
	process *process.Process
	t       testing.TB
}

// Agent makes an agent of the server. What is registered before Start is there at once, and
// what is registered later after a second or two.
func (s *Server) Agent(t testing.TB) *Agent {
	t.Helper()
	a := &Agent{Server: s, Dir: postern.Dir(t), t: t}
	a.Socket = filepath.Join(a.Dir, "agent.sock")
	_, token, ok := strings.Cut(s.Do("token", "generate"), "Token: ")
	if a.token, _, _ = strings.Cut(token, "\n"); !ok || a.token == "" {
		t.Fatal("the server prints no token")
	}
	if err := os.WriteFile(filepath.Join(a.Dir, "bootstrap.pem"), []byte(s.Do("bundle", "show")), 0o600); err != nil {
		t.Fatal(err)
	}
	a.config = render(t, a.Dir, "agent.conf", agentText, a)
	return a
}

// Start runs the agent until the test ends, and returns when it serves. An agent that was
// stopped comes back as the one it was.
func (a *Agent) Start() {
	a.t.Helper()
	args := []string{"run", "-config", a.config}
	if a.process == nil {
		args = append(args, "-joinToken", a.token)
	}
	a.process = run(a.t, agentName, filepath.Join(a.Server.binaries, agentName), args...)
	awaitHealth(a.t, agentName, a.Socket)
}

// Stop ends the agent as an upgrade of it does.
func (a *Agent) Stop() {
	a.t.Helper()
	if err := a.process.Stop(time.Minute); err != nil {
		a.t.Fatalf("the agent: %v", err)
	}
}

// Kill ends the agent as a fault of the machine does.
func (a *Agent) Kill() { a.process.Kill() }

// Address returns the Workload API's address as --workload-api takes it.
func (a *Agent) Address() string { return "unix://" + a.Socket }

// ID returns the agent's SPIFFE ID, the parent of its workloads' entries.
func (a *Agent) ID() string {
	return "spiffe://" + a.Server.TrustDomain + "/spire/agent/join_token/" + a.token
}
