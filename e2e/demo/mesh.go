package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/postern/postern/cmd/postern-dev/rundir"
	"github.com/postern/postern/e2e/process"
)

// The workloads. Each has an identity of the shop's trust domain from postern-dev.
const (
	webID    = "spiffe://shop.test/ns/shop/sa/web"    // the front door
	ordersID = "spiffe://shop.test/ns/shop/sa/orders" // called by web, and by mobile
	mobileID = "spiffe://shop.test/ns/shop/sa/mobile" // a caller that rules name
	batchID  = "spiffe://shop.test/ns/shop/sa/batch"  // of our own CA, and no rule names it
	domain   = "shop.test"
	issuer   = "https://idp.shop.test/"
)

// patience is how long a part may take to start, on a busy machine.
const patience = 30 * time.Second

// A mesh is everything that runs: postern-dev, and two services with their sidecars.
type mesh struct {
	dir         string // of everything, removed at the end
	dev         *process.Process
	where       rundir.Ready // of postern-dev
	web, orders *service
}

// start brings the mesh up, in the order in which its parts need each other.
func (d *demo) start(ctx context.Context) (err error) {
	m := d.mesh
	d.title("Starting a mesh on loopback")
	if m.dir, err = os.MkdirTemp(shortTemp(), "postern-demo-"); err != nil {
		return err
	}
	if err := os.Setenv("TMPDIR", m.dir); err != nil { // what others put aside goes there too
		return err
	}
	for _, s := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"finding Envoy, or fetching it (37 MB, once)", fetchEnvoy},
		{"building postern and postern-dev", m.build},
		{"postern-dev: identities for web, orders, mobile and batch, tokens for people", m.startDev},
		{"policies, from e2e/demo/policies", m.writePolicies},
		{"an intruder, with a CA that says it is shop.test's too", m.makeIntruder},
		{"orders: the app, its Postern, its Envoy", m.startOrders},
		{"web: the app, its Postern, its Envoy with a way to orders", m.startWeb},
		{"tokens, good and bad", d.getTokens},
		{"a new signing key of the issuer, published for 31 s before its first use", d.publishNextKey},
	} {
		if err := d.step(s.what, func() error { return s.do(ctx) }); err != nil {
			return err
		}
	}
	return nil
}

// shortTemp returns a folder for temporary files in which the paths of sockets fit into the
// 103 bytes that every system has.
func shortTemp() string {
	if tmp := os.TempDir(); len(tmp) <= 50 {
		return tmp
	}
	return "/tmp"
}

// path returns the path of something in the mesh's folder.
func (m *mesh) path(elements ...string) string {
	return filepath.Join(append([]string{m.dir}, elements...)...)
}

// startDev runs the Workload API and the identity provider.
func (m *mesh) startDev(ctx context.Context) (err error) {
	m.dev, err = process.Start(process.Spec{
		Name: "postern-dev", Path: m.path("bin", "postern-dev"), Env: process.Environment(),
		Args: []string{"serve", "--dir", m.path("dev"), "--listen", "127.0.0.1:0", "--issuer", issuer,
			"--workload", webID, "--workload", ordersID, "--workload", mobileID, "--workload", batchID},
	})
	if err != nil {
		return err
	}
	return await(ctx, m.dev, func() (err error) {
		m.where, err = rundir.Find(m.path("dev"))
		return err
	})
}

// await asks again and again until ready has no error, while p lives.
func await(ctx context.Context, p *process.Process, ready func() error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-p.Done():
			return errors.Join(errors.New("it ended"), p.Err())
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// A named process is one whose log is worth a look.
type named struct {
	name    string
	process *process.Process
}

// processes returns those that were started.
func (m *mesh) processes() []named {
	var all []named
	if m.dev != nil {
		all = append(all, named{"postern-dev", m.dev})
	}
	for _, s := range []*service{m.orders, m.web} {
		all = append(all, s.processes()...)
	}
	return all
}

// close ends everything and removes the folder.
func (m *mesh) close() {
	m.web.close()
	m.orders.close()
	if m.dev != nil {
		_ = m.dev.Stop(5 * time.Second) // nothing is left to lose
	}
	if m.dir != "" {
		_ = os.RemoveAll(m.dir) // best effort: it is a temporary folder
	}
}
