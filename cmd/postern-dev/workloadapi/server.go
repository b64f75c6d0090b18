package workloadapi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/postern/postern/cmd/postern-dev/authority"
)

// maxRequest bounds a request: a JWT-SVID to validate is the largest.
const maxRequest = 64 << 10

// maxSocketPath is sun_path of unix(7) without its final NUL, and the least of all systems.
const maxSocketPath = 103

// A Socket is one place to listen.
type Socket struct {
	Path     string
	Workload string // the name of the workload that its callers are; "" for all of them
}

// Servers serve one or more sockets.
type Servers struct {
	listeners []net.Listener
	servers   []*grpc.Server
}

// Listen makes the sockets, mode 0600. What is in their place is removed: the caller must know
// that nobody serves there. They wait for Run.
func Listen(a *authority.Authority, sockets ...Socket) (*Servers, error) {
	s := &Servers{}
	for _, socket := range sockets {
		listener, err := listen(socket.Path)
		if err != nil {
			s.close()
			return nil, err
		}
		server := grpc.NewServer(
			grpc.MaxRecvMsgSize(maxRequest),
			grpc.UnaryInterceptor(demandHeader),
			grpc.StreamInterceptor(demandStreamHeader),
		)
		workload.RegisterSpiffeWorkloadAPIServer(server, &api{watch: a.Watch, name: socket.Workload})
		s.listeners = append(s.listeners, listener)
		s.servers = append(s.servers, server)
	}
	return s, nil
}

// Run serves until ctx ends, and then removes the sockets. Streams are cut off: clients of the
// Workload API connect again by themselves.
func (s *Servers) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for i, server := range s.servers {
		group.Go(func() error {
			err := server.Serve(s.listeners[i])
			if errors.Is(err, grpc.ErrServerStopped) { // ctx ended before it began
				return nil
			}
			return err
		})
		group.Go(func() error {
			<-ctx.Done()
			server.Stop() // closes the listener too, which removes its socket
			return nil
		})
	}
	return group.Wait()
}

func (s *Servers) close() {
	for _, listener := range s.listeners {
		_ = listener.Close() // never served; there is an error to tell already
	}
}

func listen(path string) (net.Listener, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("workloadapi: %s is %d bytes long, and a socket's path %d at most; choose a shorter directory", path, len(path), maxSocketPath)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("workloadapi: %w", err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("workloadapi: %w", err)
	}
	// Between the two lines the directory's own mode keeps others out.
	if err := os.Chmod(path, 0o600); err != nil {
		_ = listener.Close() // never served; there is an error to tell already
		return nil, fmt.Errorf("workloadapi: %w", err)
	}
	return listener, nil
}
