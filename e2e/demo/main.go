// Command demo shows Postern whole: a small mesh of real parts on loopback, some twenty requests
// through it, and then an edited policy, a broken one and rotated keys under traffic. "make demo"
// runs it; with KEEP=1 the mesh stays up to be tried by hand.
//
// It exits with 0 when everything was as expected, and with 1 when something was not.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, newScreen(os.Stdout), os.Getenv("KEEP") == "1")
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run is the whole demo. Whatever it started has ended when it returns.
func run(ctx context.Context, s *screen, keep bool) error {
	begun := time.Now()
	d := &demo{screen: s, mesh: &mesh{}}
	defer d.mesh.close()
	err := d.show(ctx)
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	verdict := d.conclude(time.Since(begun), err)
	if keep && err == nil {
		d.printTries()
		<-ctx.Done()
		s.line("\nEnding what runs, and removing %s.", d.mesh.dir)
	}
	return verdict
}

// A demo is one run.
type demo struct {
	*screen
	mesh   *mesh
	tokens tokens
	next   nextKey
	tally  tally
}

// show runs every chapter. An error means that the demo itself could not go on; what is merely
// not as expected goes to the tally.
func (d *demo) show(ctx context.Context) error {
	if err := d.start(ctx); err != nil {
		return err
	}
	if err := inTurn(ctx, d.showTable, d.showHeaders); err != nil {
		return err
	}
	return d.underTraffic(ctx, func(ctx context.Context) error {
		return inTurn(ctx, d.editPolicy, d.breakPolicy, d.mendPolicy, d.rotateSVIDs, d.rotateCA, d.rotateKeys)
	})
}

// inTurn runs the chapters until one has an error.
func inTurn(ctx context.Context, chapters ...func(context.Context) error) error {
	for _, chapter := range chapters {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	return nil
}
