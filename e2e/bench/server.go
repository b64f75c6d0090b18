package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	rpc "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"

	"github.com/postern/postern/e2e/process"
)

// A server is one process that answers checks.
type server struct {
	*process.Process
	socket string
}

func (s *server) stop() { s.Kill() }

// tick is USER_HZ, which Linux fixes at 100 for user space.
const tick = 10 * time.Millisecond

// cpu returns the CPU time that the process has used (proc(5), /proc/PID/stat).
func (s *server) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.PID()))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", s.PID(), len(fields))
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("/proc/%d/stat: %w %w", s.PID(), err1, err2)
	}
	return time.Duration(user+system) * tick, nil
}

// rss returns the resident memory of the process in bytes, 0 when it cannot be told.
func (s *server) rss() int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.PID()))
	fields := strings.Fields(string(text))
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, err := strconv.Atoi(fields[1])
	if err != nil {
		return 0
	}
	return pages * os.Getpagesize()
}

// startServers starts the no-op and Postern, and waits until both answer.
func startServers(ctx context.Context, binary, dir string, w *world) ([]*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var all []*server
	for _, spec := range []process.Spec{
		{Name: "no-op", Path: self, Args: []string{"-noop", filepath.Join(dir, "no-op.sock")}},
		{Name: "postern", Path: binary, Args: w.flags(filepath.Join(dir, "postern.sock"))},
	} {
		p, err := process.Start(spec)
		if err != nil {
			return all, err
		}
		s := &server{p, filepath.Join(dir, spec.Name+".sock")}
		all = append(all, s)
		if err := s.answers(ctx); err != nil {
			return all, fmt.Errorf("%s: %w\n%s", spec.Name, err, p.Log())
		}
	}
	return all, nil
}

// answers waits until the socket takes connections.
func (s *server) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		c, err := net.Dial("unix", s.socket)
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case <-s.Done():
			return fmt.Errorf("it ended: %w", s.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// serveNoop says yes to everything, by generated code and with grpc-go's defaults.
func serveNoop(ctx context.Context, socket string) error {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	s := grpc.NewServer()
	authv3.RegisterAuthorizationServer(s, yes{})
	context.AfterFunc(ctx, s.Stop)
	return s.Serve(l)
}

type yes struct {
	authv3.UnimplementedAuthorizationServer
}

func (yes) Check(context.Context, *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	return &authv3.CheckResponse{
		Status:       &rpc.Status{},
		HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: &authv3.OkHttpResponse{}},
	}, nil
}
