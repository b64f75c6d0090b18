package upstream

import (
	"bufio"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/postern/postern/e2e/raw"
)

// CaseHeader is the request field that a test marks its requests with.
const CaseHeader = "x-case"

// ReachedHeader is in every answer of an upstream and in no other.
const ReachedHeader = "x-upstream-reached"

// A Request is one request, as it came.
type Request struct {
	HTTP2  bool
	Head   []byte // HTTP/1.1: the request line and the fields, byte for byte
	Method string
	Path   string // HTTP/1.1: the request target; HTTP/2: :path
	Host   string // HTTP/1.1: every Host field, joined with "\n"; HTTP/2: :authority
	Fields []raw.Field
	Body   []byte
}

// Get returns the values of a field by its lower-case name.
func (r *Request) Get(name string) []string {
	var all []string
	for _, f := range r.Fields {
		if f.Name == name {
			all = append(all, f.Value)
		}
	}
	return all
}

// A Server keeps what it receives. Its methods are safe for concurrent use.
type Server struct {
	listener net.Listener
	mu       sync.Mutex
	requests []*Request
	conns    map[net.Conn]bool
	closed   bool
}

// Start returns a server on the loopback interface that ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{listener: listener, conns: map[net.Conn]bool{}}
	var serving sync.WaitGroup
	serving.Go(func() { s.accept(&serving) })
	t.Cleanup(func() {
		s.close()
		serving.Wait()
	})
	return s
}

// Port returns the TCP port of the server on 127.0.0.1.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Count returns how many requests came.
func (s *Server) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// Find returns the requests with that mark.
func (s *Server) Find(mark string) []*Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*Request
	for _, r := range s.requests {
		if slices.Contains(r.Get(CaseHeader), mark) {
			found = append(found, r)
		}
	}
	return found
}

func (s *Server) keep(r *Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
}

func (s *Server) accept(serving *sync.WaitGroup) {
	for {
		conn, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || !s.own(conn) {
			continue
		}
		serving.Go(func() {
			defer s.disown(conn)
			s.serve(conn)
		})
	}
}

// serve tells the protocols apart by HTTP/2's preface (RFC 9113 section 3.4).
func (s *Server) serve(conn net.Conn) {
	in := bufio.NewReaderSize(conn, 1<<16)
	start, err := in.Peek(4)
	if err != nil {
		return
	}
	if string(start) == "PRI " {
		s.serveHTTP2(conn, in)
		return
	}
	s.serveHTTP1(conn, in)
}

// own takes charge of conn, and refuses when the server is closed.
func (s *Server) own(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		conn.Close()
		return false
	}
	s.conns[conn] = true
	return true
}

func (s *Server) disown(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
	conn.Close()
}

func (s *Server) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.listener.Close()
	for conn := range s.conns {
		conn.Close()
	}
}
