package process_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/process"
)

func sh(t *testing.T, script string) *process.Process {
	t.Helper()
	p, err := process.Start(process.Spec{Name: "sh", Path: "/bin/sh", Args: []string{"-c", script}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func wait(t *testing.T, p *process.Process) {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(time.Minute):
		t.Fatal("the process did not end")
	}
}

// ready waits for the script to say so: its trap is set then.
func ready(t *testing.T, p *process.Process) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !strings.Contains(p.Log(), "ready"); {
		if time.Now().After(deadline) {
			t.Fatal("the script never started")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestTheEndIsSeen(t *testing.T) {
	p := sh(t, "echo out; echo err >&2; exit 3")
	wait(t, p)
	if p.Err() == nil || !strings.Contains(p.Err().Error(), "3") {
		t.Errorf("Err() = %v, want exit status 3", p.Err())
	}
	if log := p.Log(); !strings.Contains(log, "out") || !strings.Contains(log, "err") {
		t.Errorf("Log() = %q", log)
	}
	if err := p.Stop(time.Second); err == nil {
		t.Error("Stop of a process that failed says nothing")
	}
}

func TestStopAsksFirst(t *testing.T) {
	p := sh(t, "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done")
	ready(t, p)
	if p.Ended() || p.Err() != nil {
		t.Fatal("it ended by itself")
	}
	if err := p.Stop(time.Minute); err != nil {
		t.Errorf("Stop: %v", err)
	}
	if !strings.Contains(p.Log(), "bye") {
		t.Errorf("it was not asked: %q", p.Log())
	}
}

func TestStopKillsTheDeaf(t *testing.T) {
	p := sh(t, "trap '' TERM; echo ready; while :; do sleep 0.01; done")
	ready(t, p)
	if err := p.Stop(50 * time.Millisecond); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("Stop = %v, want that it was killed", err)
	}
	if !p.Ended() {
		t.Error("still running")
	}
}

func TestTheLogIsBounded(t *testing.T) {
	p := sh(t, "i=0; while [ $i -lt 40000 ]; do echo 'a line of some thirty bytes, yes'; i=$((i+1)); done; echo last")
	wait(t, p)
	log := p.Log()
	if len(log) > 256<<10 {
		t.Errorf("kept %d bytes", len(log))
	}
	if !strings.HasSuffix(log, "last\n") {
		t.Error("the end is missing")
	}
}

func TestAMissingBinaryIsNamed(t *testing.T) {
	_, err := process.Start(process.Spec{Name: "ghost", Path: "/no/such/binary"})
	if err == nil || !strings.Contains(err.Error(), "ghost") {
		t.Errorf("err = %v", err)
	}
}

func ExampleStart() {
	var out bytes.Buffer
	p, err := process.Start(process.Spec{Name: "echo", Path: "/bin/echo", Args: []string{"hello"}, Stdout: &out})
	if err != nil {
		fmt.Println(err)
		return
	}
	<-p.Done()
	fmt.Print(out.String())
	// Output: hello
}
