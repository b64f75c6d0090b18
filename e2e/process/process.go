package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// A Spec says what to run.
type Spec struct {
	Name   string    // for messages
	Path   string    // of the binary
	Args   []string  // without the name
	Env    []string  // nil: our own environment
	Dir    string    // the working directory; "" for ours
	Stdout io.Writer // nil: into the log, with standard error
}

// A Process is a running child. Its methods are safe for concurrent use.
type Process struct {
	name string
	cmd  *exec.Cmd
	log  *tail
	done chan struct{}
	err  error // of Wait; read after done is closed
}

// Start runs what spec says. The child gets SIGKILL when its parent dies (on Linux).
func Start(spec Spec) (*Process, error) {
	p := &Process{name: spec.Name, log: &tail{}, done: make(chan struct{})}
	p.cmd = exec.Command(spec.Path, spec.Args...)
	p.cmd.Env = spec.Env
	p.cmd.Dir = spec.Dir
	p.cmd.Stderr = p.log
	p.cmd.Stdout = p.log
	if spec.Stdout != nil {
		p.cmd.Stdout = spec.Stdout
	}
	p.cmd.SysProcAttr = attributes()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", spec.Name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Done is closed when the process has ended and its output is complete.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err returns how the process ended, nil for exit code 0. It is nil while the process runs.
func (p *Process) Err() error {
	if !p.Ended() {
		return nil
	}
	return p.err
}

// Ended says that the process is no more.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// PID returns the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Log returns the end of what the process wrote to standard error (and to standard output
// unless Spec.Stdout took it), at most 256 KiB.
func (p *Process) Log() string { return p.log.String() }

// Signal sends sig. A process that has ended is no error.
func (p *Process) Signal(sig os.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

// Stop sends SIGTERM and then waits as Wait does.
func (p *Process) Stop(grace time.Duration) error {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.Wait(grace)
}

// Wait waits for the end and returns how the process ended. After grace it kills, and that is
// an error.
func (p *Process) Wait(grace time.Duration) error {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
		return p.err
	case <-timer.C:
		p.Kill()
		return fmt.Errorf("%s: still running after %v, killed", p.name, grace)
	}
}

// Kill sends SIGKILL and waits for the end.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // an error says that it has ended already
	<-p.done
}
