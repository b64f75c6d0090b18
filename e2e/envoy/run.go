package envoy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/postern/postern/e2e/process"
)

// Options are what a run of Envoy may want beside its configuration. The zero value is fine.
type Options struct {
	Args  []string      // more arguments
	Ready time.Duration // how long it may take to be ready; 0: a minute
}

// An Envoy is a running one, ready to serve.
type Envoy struct {
	*process.Process
	dir   string
	admin *http.Client
}

// Run starts Envoy with config (YAML or JSON) and returns when it is ready. The admin address
// of config is replaced. Close ends it.
func Run(ctx context.Context, config string, o Options) (*Envoy, error) {
	binary, err := Binary()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "envoy") // short: the admin socket's path must fit into 107 bytes
	if err != nil {
		return nil, err
	}
	e := &Envoy{dir: dir}
	if err := e.start(ctx, binary, config, o); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

func (e *Envoy) start(ctx context.Context, binary, config string, o Options) error {
	file, err := write(e.dir, config)
	if err != nil {
		return err
	}
	socket := filepath.Join(e.dir, "admin.sock")
	e.admin = overSocket(socket)
	args := append([]string{"--config-path", file,
		"--config-yaml", "admin: {address: {pipe: {path: " + socket + "}}}",
		"--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"}, o.Args...)
	e.Process, err = process.Start(process.Spec{Name: "envoy", Path: binary, Args: args})
	if err != nil {
		return err
	}
	if o.Ready == 0 {
		o.Ready = time.Minute
	}
	return e.waitReady(ctx, o.Ready)
}

// Close kills Envoy and removes its files.
func (e *Envoy) Close() {
	if e.Process != nil {
		e.Kill()
	}
	_ = os.RemoveAll(e.dir)
}

func (e *Envoy) waitReady(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := e.Admin(ctx, http.MethodGet, "/ready"); err == nil {
			return nil
		}
		select {
		case <-e.Done():
			return fmt.Errorf("%w\n%s", errors.Join(errors.New("envoy ended before it was ready"), e.Err()), e.Log())
		case <-ctx.Done():
			return fmt.Errorf("envoy is not ready after %v\n%s", limit, e.Log())
		case <-tick.C:
		}
	}
}

// Validate lets Envoy load config without serving it, and returns what it has to say when it
// refuses.
func Validate(ctx context.Context, config string) error {
	binary, err := Binary()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "envoy")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file, err := write(dir, config)
	if err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, binary, "--mode", "validate", "--disable-hot-restart",
		"--log-level", "error", "--config-path", file).CombinedOutput()
	if err != nil {
		return fmt.Errorf("envoy refuses the configuration: %w\n%s", err, out)
	}
	return nil
}

// write keeps config in dir. YAML is a superset of JSON, so one ending serves both.
func write(dir, config string) (string, error) {
	file := filepath.Join(dir, "envoy.yaml")
	return file, os.WriteFile(file, []byte(config), 0o600)
}

func overSocket(path string) *http.Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
}
