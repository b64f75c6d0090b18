package sds

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	secretv3 "github.com/envoyproxy/go-control-plane/envoy/service/secret/v3"
	"golang.org/x/net/netutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	maxStreams = 64      // together: Envoy has one for each name
	maxNames   = 64      // of one request
	maxRequest = 1 << 20 // bytes: Envoy describes itself at length in its first
	stopping   = time.Second
	refusals   = 64 // of which it is known that they were reported
)

// A Refusal is Envoy's word that it does not take a version.
type Refusal struct {
	Version string
	Names   []string // that were in it
	Detail  string   // Envoy's, at most 300 bytes, without the private key
}

// A Config is what a Server needs beside its States. Fields may be nil.
type Config struct {
	// Refused is told of each version that Envoy refused, once, from the goroutine of a stream.
	// The version is not sent again; Envoy goes on with what it has.
	Refused func(Refusal)
	// Now is the clock; nil for time.Now.
	Now func() time.Time
}

// Counts are of one Server, since it began.
type Counts struct {
	Streams int64  // open now
	Pushes  uint64 // answers that were sent
	Refused uint64 // versions that Envoy refused
}

// A Server is the secret discovery service. It is safe for concurrent use.
type Server struct {
	secretv3.UnimplementedSecretDiscoveryServiceServer
	config  Config
	table   atomic.Pointer[table]
	streams atomic.Int64
	pushes  atomic.Uint64
	refused atomic.Uint64
	closing chan struct{}
	close   func()

	mu       sync.Mutex
	changed  chan struct{} // closed at the next Update
	reported []string      // versions, the newest last
	refusing Refusal       // zero: none
}

// New returns a Server that has nothing to send yet.
func New(config Config) (*Server, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Refused == nil {
		config.Refused = func(Refusal) {}
	}
	nobody, err := newNobody()
	if err != nil {
		return nil, fmt.Errorf("sds: %w", err)
	}
	s := &Server{config: config, changed: make(chan struct{}), closing: make(chan struct{})}
	s.close = sync.OnceFunc(func() { close(s.closing) })
	s.table.Store(&table{nobody: nobody})
	return s, nil
}

// Update replaces what is served. Streams are told and not waited for. An error leaves the last
// State in force.
func (s *Server) Update(next State) error {
	t, err := newTable(next, s.table.Load().nobody)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.table.Store(t)
	close(s.changed)
	s.changed = make(chan struct{})
	return nil
}

// State returns what is served.
func (s *Server) State() State { return s.table.Load().state }

// Counts returns what was counted so far.
func (s *Server) Counts() Counts {
	return Counts{Streams: s.streams.Load(), Pushes: s.pushes.Load(), Refused: s.refused.Load()}
}

// Refusing returns what Envoy refused last, for as long as it has taken nothing newer of the same
// name since.
func (s *Server) Refusing() (Refusal, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refusing, s.refusing.Version != ""
}

// newest returns what is served, and what is closed when that is over.
func (s *Server) newest() (*table, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.table.Load(), s.changed
}

// Run serves on the listener until ctx ends, then ends every stream, so that Envoy asks whoever
// listens there next. The file of a Unix socket is left to its owner.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	server := grpc.NewServer(grpc.MaxRecvMsgSize(maxRequest), grpc.MaxConcurrentStreams(maxStreams), grpc.ConnectionTimeout(10*time.Second))
	secretv3.RegisterSecretDiscoveryServiceServer(server, s)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(netutil.LimitListener(l, maxStreams)) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.close()
	late := time.AfterFunc(stopping, server.Stop) // a client that reads nothing would hold it
	defer late.Stop()
	server.GracefulStop()
	return nil
}

// StreamSecrets is part of the service: see the package for what is sent when.
func (s *Server) StreamSecrets(stream grpc.BidiStreamingServer[discoveryv3.DiscoveryRequest, discoveryv3.DiscoveryResponse]) error {
	defer s.streams.Add(-1)
	if s.streams.Add(1) > maxStreams {
		return status.Errorf(codes.ResourceExhausted, "there are %d streams already: one Envoy needs no more than it has secrets", maxStreams)
	}
	requests, ended := receive(stream)
	session := session{server: s, sent: map[string]bool{}}
	for {
		newest, changed := s.newest()
		if err := session.send(newest, stream); err != nil {
			return err
		}
		select {
		case r := <-requests:
			if err := session.take(r); err != nil {
				return err
			}
		case err := <-ended:
			return err
		case <-changed:
		case <-s.closing:
			return status.Error(codes.Unavailable, "Postern is stopping: ask again")
		}
	}
}

// receive reads requests until the stream ends, one ahead of what is taken.
func receive(stream grpc.BidiStreamingServer[discoveryv3.DiscoveryRequest, discoveryv3.DiscoveryResponse]) (<-chan *discoveryv3.DiscoveryRequest, <-chan error) {
	requests, ended := make(chan *discoveryv3.DiscoveryRequest), make(chan error, 1)
	go func() {
		for {
			r, err := stream.Recv()
			if err != nil {
				ended <- streamEnd(err)
				return
			}
			select {
			case requests <- r:
			case <-stream.Context().Done():
				return
			}
		}
	}()
	return requests, ended
}

// FetchSecrets is part of the service, and not served.
func (s *Server) FetchSecrets(context.Context, *discoveryv3.DiscoveryRequest) (*discoveryv3.DiscoveryResponse, error) {
	return nil, notServed("FetchSecrets")
}

// DeltaSecrets is part of the service, and not served.
func (s *Server) DeltaSecrets(grpc.BidiStreamingServer[discoveryv3.DeltaDiscoveryRequest, discoveryv3.DeltaDiscoveryResponse]) error {
	return notServed("DeltaSecrets")
}

func notServed(method string) error {
	return status.Errorf(codes.Unimplemented, "%s is not served here: use StreamSecrets, which is api_type: GRPC in Envoy's api_config_source", method)
}

// report counts a refusal and passes it on, unless that was done for its version.
func (s *Server) report(r Refusal) {
	s.mu.Lock()
	s.refusing = r
	known := slices.Contains(s.reported, r.Version)
	if !known {
		s.reported = append(s.reported, r.Version)
		if len(s.reported) > refusals {
			s.reported = s.reported[1:]
		}
	}
	s.mu.Unlock()
	if !known {
		s.refused.Add(1)
		s.config.Refused(r)
	}
}

// accepted says that Envoy took an answer with these names.
func (s *Server) accepted(names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.refusing.Names, func(n string) bool { return slices.Contains(names, n) }) {
		s.refusing = Refusal{}
	}
}
