package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/postern/postern/cmd/postern-dev/rundir"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"postern-dev": main})
}

// patience is how long a script waits for a postern-dev to start or end.
const patience = time.Minute

// TestScripts runs the sessions in testdata/script, which are the manual too.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			for _, variable := range os.Environ() {
				if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "POSTERN_DEV_") {
					env.Setenv(name, "")
				}
			}
			// A socket's path is short, and the folders of a script are not.
			folder, err := os.MkdirTemp("", "pd")
			if err != nil {
				return err
			}
			env.Defer(func() { _ = os.RemoveAll(folder) }) // of the test's own
			env.Setenv("DEV", filepath.Join(folder, "d"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"ready": waitReady, "terminate": terminate},
	})
}

// waitReady waits until a postern-dev serves from the folder: ready DIR.
func waitReady(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ready DIR")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := rundir.Find(args[0]); err == nil {
			return
		}
		select {
		case <-ctx.Done():
			ts.Fatalf("not ready after %v", patience)
		case <-tick.C:
		}
	}
}

// terminate sends SIGTERM, which the kill of testscript does not know, to what runs.
func terminate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: terminate")
	}
	for _, command := range ts.BackgroundCmds() {
		ts.Check(command.Process.Signal(syscall.SIGTERM))
	}
}
