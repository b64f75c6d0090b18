package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/postern/postern/e2e/envoy"
	"github.com/postern/postern/e2e/process"
)

// authzTimeout is how long an Envoy waits for its Postern before it answers 503. By default that is
// 200 ms, in which a machine that builds something else meanwhile may not get to it.
const authzTimeout = 2 * time.Second

// A service is one workload: an app that knows nothing of mTLS or tokens, the Envoy in front of
// it, and the Postern that the Envoy asks.
type service struct {
	name, id string
	app      net.Listener
	server   *http.Server
	postern  *process.Process
	admin    string // host:port of Postern's pages
	records  *records
	envoy    *envoy.Envoy
	addr     string // where callers come in
}

// startOrders starts the service that web calls.
func (m *mesh) startOrders(ctx context.Context) error {
	m.orders = &service{name: "orders", id: ordersID}
	if err := m.startSidecars(ctx, m.orders); err != nil {
		return err
	}
	m.orders.serve(ordersApp())
	return nil
}

// startWeb starts the front door, whose Envoy has a listener from which requests go to orders
// over mTLS. Browsers have no certificate.
func (m *mesh) startWeb(ctx context.Context) error {
	m.web = &service{name: "web", id: webID}
	err := m.startSidecars(ctx, m.web, "--client-certificates", "optional",
		"--upstream", "orders=127.0.0.1:0,"+m.orders.addr+","+ordersID)
	if err != nil {
		return err
	}
	bound, err := m.web.envoy.Listeners(ctx)
	if err != nil {
		return err
	}
	m.web.serve(webApp("http://" + bound["to-orders"]))
	return nil
}

// startSidecars opens the app's listener, and starts Postern and then Envoy.
func (m *mesh) startSidecars(ctx context.Context, s *service, flags ...string) (err error) {
	if s.app, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	if err := m.startPostern(ctx, s); err != nil {
		return err
	}
	return m.startEnvoy(ctx, s, flags...)
}

func (s *service) serve(app http.Handler) {
	s.server = &http.Server{Handler: app, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(s.app) }() // ends when close ends it
}

func (m *mesh) startPostern(ctx context.Context, s *service) (err error) {
	file := m.path(s.name + ".jsonl")
	s.records = &records{file: file}
	s.postern, err = process.Start(process.Spec{
		Name: "postern", Path: m.path("bin", "postern"), Env: process.Environment(),
		Args: []string{"serve", "--listen", "unix://" + m.path(s.name+".sock"), "--admin", "127.0.0.1:0",
			"--policies", m.path("policies"), "--secrets", m.path("secrets"),
			"--workload-api", "unix://" + m.path("dev", s.name, "api.sock"), "--record", file},
	})
	if err != nil {
		return err
	}
	return await(ctx, s.postern, func() error { return s.ready(ctx) })
}

// announced finds where the pages are in what Postern logs at its start.
func announced(log string) string {
	found := regexp.MustCompile(`"for": ?"admin", ?"at": ?"([^"]+)"`).FindStringSubmatch(log)
	if found == nil {
		return ""
	}
	return found[1]
}

// ready says what is missing: of Postern itself, and of the issuer's keys, without which
// Postern is ready and people are not let in.
func (s *service) ready(ctx context.Context) error {
	if s.admin = announced(s.postern.Log()); s.admin == "" {
		return errors.New("Postern has not said where its pages are")
	}
	if page, err := s.page(ctx, "/readyz"); err != nil {
		return fmt.Errorf("%w: %s", err, page)
	}
	_, err := s.keyIDs(ctx)
	return err
}

// page returns a page of Postern's; with an error when its status is not 200.
func (s *service) page(ctx context.Context, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.admin+path, nil)
	if err != nil {
		return "", err
	}
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, response.Status)
	}
	return string(body), err
}

// startEnvoy lets postern envoy write a configuration, which follows the SVID as it rotates.
func (m *mesh) startEnvoy(ctx context.Context, s *service, flags ...string) error {
	folder := m.path("envoy", s.name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	args := append([]string{"envoy", "--workload", s.id, "--listen", "127.0.0.1:0", "--app", s.app.Addr().String(),
		"--authz", "unix:" + m.path(s.name+".sock"), "--svid-dir", m.path("dev", s.name), "--write", folder,
		"--max-connection-duration", connectionLife.String(), "--authz-timeout", authzTimeout.String()}, flags...)
	if _, err := m.tool(ctx, "postern", args...); err != nil {
		return err
	}
	config, err := os.ReadFile(m.path("envoy", s.name, "envoy.yaml"))
	if err != nil {
		return err
	}
	if s.envoy, err = envoy.Run(ctx, string(config), envoy.Options{}); err != nil {
		return err
	}
	bound, err := s.envoy.Listeners(ctx)
	if err != nil {
		return err
	}
	if s.addr = bound["inbound"]; !strings.HasPrefix(s.addr, "127.0.0.1:") {
		return fmt.Errorf("Envoy listens on %q", s.addr)
	}
	return nil
}

func (s *service) processes() []named {
	var all []named
	if s != nil && s.postern != nil {
		all = append(all, named{"the Postern of " + s.name, s.postern})
	}
	if s != nil && s.envoy != nil {
		all = append(all, named{"the Envoy of " + s.name, s.envoy.Process})
	}
	return all
}

func (s *service) close() {
	if s == nil {
		return
	}
	if s.envoy != nil {
		s.envoy.Close()
	}
	if s.postern != nil {
		_ = s.postern.Stop(5 * time.Second) // nothing is left to lose
	}
	if s.server != nil {
		_ = s.server.Close() // likewise
	}
}
