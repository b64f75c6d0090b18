package postern

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/e2e/process"
)

// Options are the flags of one "postern serve". A field left zero leaves its flag out.
type Options struct {
	Binary   string            // what to run; "": the one that Binary builds
	Socket   string            // the Unix socket; "": one of its own
	Workload string            // the SPIFFE ID of whom it protects
	Policies string            // the directory
	Bundles  map[string]string // trust domain to file
	Args     []string          // more flags
}

// A Postern is a running one that belongs to a test.
type Postern struct {
	*process.Process
	Socket  string // of ext_authz
	records *records
	t       testing.TB
}

// Start runs Postern until the test ends, and returns when it is ready. The test fails when
// it cannot start or ends by itself, and prints its log when it fails.
func Start(t testing.TB, o Options) *Postern {
	t.Helper()
	p := Launch(t, o)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		ready, detail := p.Ready()
		if ready {
			return p
		}
		if p.Ended() || time.Now().After(deadline) {
			t.Fatalf("postern is not ready: %s (ended %v, %v)", detail, p.Ended(), p.Err())
		}
	}
}

// Launch is Start without the wait.
func Launch(t testing.TB, o Options) *Postern {
	t.Helper()
	if o.Socket == "" {
		o.Socket = filepath.Join(Dir(t), "authz.sock")
	}
	if o.Binary == "" {
		o.Binary = Binary(t)
	}
	p := &Postern{Socket: o.Socket, records: &records{}, t: t}
	var err error
	p.Process, err = process.Start(process.Spec{
		Name: "postern", Path: o.Binary, Args: arguments(o), Env: process.Environment(), Stdout: p.records,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.Ended() && !p.stopped() {
			t.Errorf("postern did not live to the end of the test: %v", p.Err())
		}
		p.Kill()
		if strings.Contains(p.Log(), "DATA RACE") {
			t.Error("postern has a data race")
		}
		if strings.Contains(p.Log(), "a check panicked") { // also when it was not decoded the same twice
			t.Error("a check panicked")
		}
		if _, bad := p.records.text(); len(bad) > 0 {
			t.Errorf("no JSON lines on standard output: %q", bad)
		}
		if t.Failed() {
			t.Logf("postern said:\n%s", p.Log())
		}
	})
	return p
}

// stopped says that it ended as one does that was asked to.
func (p *Postern) stopped() bool { return p.Err() == nil }

func arguments(o Options) []string {
	args := []string{"serve", "--listen", "unix://" + o.Socket, "--admin", "127.0.0.1:0", "--record", "-"}
	if o.Workload != "" {
		args = append(args, "--workload", o.Workload)
	}
	if o.Policies != "" {
		args = append(args, "--policies", o.Policies)
	}
	for domain, file := range o.Bundles {
		args = append(args, "--trust-bundle", domain+"="+file)
	}
	return append(args, o.Args...)
}

// Ready asks /readyz. The detail says what is missing.
func (p *Postern) Ready() (bool, string) {
	status, body, err := p.Get("/readyz")
	if err != nil {
		return false, err.Error()
	}
	return status == http.StatusOK, body
}

// announced finds where the admin interface listens in what Postern says at its start.
var announced = regexp.MustCompile(`"for": ?"admin", ?"at": ?"([^"]+)"`)

// Admin returns host:port of the admin interface, false while Postern has not said it.
func (p *Postern) Admin() (string, bool) {
	found := announced.FindStringSubmatch(p.Log())
	if found == nil {
		return "", false
	}
	return found[1], true
}

// Get asks the admin interface.
func (p *Postern) Get(path string) (status int, body string, err error) {
	admin, ok := p.Admin()
	if !ok {
		return 0, "", errors.New("postern has not said where its admin interface is")
	}
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + admin + path)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// Records returns the decision records so far, in their order.
func (p *Postern) Records() []Record { return p.records.list() }

// HoldRecords stops reading standard output until release is called, so that Postern's writes
// block once the pipe is full.
func (p *Postern) HoldRecords() (release func()) {
	p.records.held.Lock()
	return sync.OnceFunc(p.records.held.Unlock)
}

// Output returns everything that was written to standard output: every record.
func (p *Postern) Output() string {
	all, _ := p.records.text()
	return all
}

// Record returns the record of a request by its id. Records are written off the request path,
// so it waits for it a while.
func (p *Postern) Record(id string) Record {
	p.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		for _, r := range p.Records() {
			if r.Text("request_id") == id {
				return r
			}
		}
	}
	p.t.Fatalf("no record of request %q among %d", id, len(p.Records()))
	return nil
}

// Dir returns a new folder that ends with the test, with a path short enough for a socket.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "postern")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
