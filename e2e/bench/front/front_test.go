package front_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/postern/postern/e2e/bench/front"
	"github.com/postern/postern/e2e/bench/world"
	"github.com/postern/postern/e2e/envoy"
)

// keeper says yes and keeps what it was asked.
type keeper struct {
	authv3.UnimplementedAuthorizationServer
	mu    sync.Mutex
	asked []*authv3.CheckRequest
}

func (k *keeper) Check(_ context.Context, r *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked = append(k.asked, r)
	return &authv3.CheckResponse{}, nil
}

func (k *keeper) last() *authv3.CheckRequest {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.asked[len(k.asked)-1]
}

// start runs Envoy in front of a keeper.
func start(t *testing.T) (*world.World, *front.Front, *keeper) {
	t.Helper()
	envoy.Require(t)
	dir, err := os.MkdirTemp("", "bench") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "authz.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	k := &keeper{}
	server := grpc.NewServer()
	authv3.RegisterAuthorizationServer(server, k)
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) }) // ends with Stop
	t.Cleanup(func() { server.Stop(); serving.Wait() })
	w, err := world.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	f, err := front.Start(t.Context(), w, []front.Server{
		{Name: "keeper", Socket: socket},
		{Name: "joined", Socket: socket, Joined: true},
		{Name: "hiding 4", Socket: socket, Hidden: world.Request{Fields: 5}.Hidden()},
		{Name: "hiding 5", Socket: socket, Hidden: world.Request{Fields: 5, Token: "any"}.Hidden()},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return w, f, k
}

// ask returns the status that the listener answers with.
func ask(t *testing.T, f *front.Front, listener string, r world.Request) int {
	t.Helper()
	conn, err := tls.Dial("tcp", f.Addr[listener], &tls.Config{
		InsecureSkipVerify: true, Certificates: []tls.Certificate{r.Caller.TLSCertificate()},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(r.HTTP()); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

// TestMessageIsWhatEnvoySends holds the request that the benchmark makes by hand to Envoy's own:
// every field that one of them has the other has, and all but ids, ports and times are equal.
func TestMessageIsWhatEnvoySends(t *testing.T) {
	w, f, k := start(t)
	token, err := w.Token("ES256", 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		listener string
		request  world.Request
		fields   int
	}{
		"mTLS":       {"keeper", world.Request{Caller: w.Web, Path: world.PathMTLS}, 25},
		"JWT":        {"keeper", world.Request{Caller: w.Other, Path: world.PathJWT, Token: token}, 26},
		"few":        {"keeper", world.Request{Caller: w.Web, Path: world.PathJWT, Token: token, Fields: 12}, 12},
		"many":       {"keeper", world.Request{Caller: w.Web, Path: world.PathMTLS, Fields: 90}, 90},
		"joined":     {"joined", world.Request{Caller: w.Web, Path: world.PathJWT, Token: token, Joined: true}, 26},
		"least":      {"hiding 4", world.Request{Caller: w.Web, Path: world.PathMTLS, Fields: 5}, 5},
		"least, JWT": {"hiding 5", world.Request{Caller: w.Web, Path: world.PathJWT, Token: token, Fields: 5}, 5},
	} {
		r := c.request
		if status := ask(t, f, c.listener, r); status != 200 {
			t.Fatalf("%s: status %d", name, status)
		}
		want, got := lines(k.last().ProtoReflect(), ""), lines(r.Message().ProtoReflect(), "")
		if !slices.Equal(got, want) {
			t.Errorf("%s:\nEnvoy sends\n%s\n\nwe make\n%s", name, strings.Join(want, "\n"), strings.Join(got, "\n"))
		}
		http := k.last().GetAttributes().GetRequest().GetHttp()
		fields := len(http.GetHeaderMap().GetHeaders()) + len(http.GetHeaders())
		if fields != c.fields {
			t.Errorf("%s: Envoy sends %d header fields, want %d", name, fields, c.fields)
		}
	}
}

// lines are the fields of a message that are set, in the order of their numbers, with their
// values where every run has the same.
func lines(m protoreflect.Message, in string) []string {
	var all []string
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if !m.Has(f) {
			continue
		}
		path := in + "/" + string(f.Name())
		switch {
		case f.IsList():
			for j := range m.Get(f).List().Len() {
				all = append(all, header(m.Get(f).List().Get(j).Message().Interface().(*corev3.HeaderValue)))
			}
		case f.IsMap():
			var entries []string
			m.Get(f).Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				entries = append(entries, path+header(&corev3.HeaderValue{Key: k.String(), Value: v.String()}))
				return true
			})
			slices.Sort(entries)
			all = append(all, entries...)
		case f.Message() != nil:
			all = append(all, path)
			all = append(all, lines(m.Get(f).Message(), path)...)
		case slices.Contains([]protoreflect.Name{"id", "port_value", "seconds", "nanos"}, f.Name()):
			all = append(all, path+" is set")
		default:
			all = append(all, path+" "+m.Get(f).String())
		}
	}
	return all
}

func header(h *corev3.HeaderValue) string {
	if slices.Contains([]string{"x-request-id", "x-forwarded-for"}, h.GetKey()) { // the second is the machine's own address
		h = &corev3.HeaderValue{Key: h.GetKey(), RawValue: []byte("is set")}
	}
	return prototext.MarshalOptions{}.Format(h)
}

// TestListenersDecide shows that the native filters grant what the policies of the benchmark do,
// and no more, and that the other listeners let through what they are to.
func TestListenersDecide(t *testing.T) {
	w, f, _ := start(t)
	good, err1 := w.Token("ES256", 1)
	rsa, err2 := w.Token("RS256", 2)
	scopeless, err3 := w.Token("ES256", 3, func(c map[string]any) { delete(c, "scope") })
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	for _, c := range []struct {
		listener string
		request  world.Request
		want     int
	}{
		{front.Alone, world.Request{Caller: w.Other, Path: "/"}, 200},
		{"keeper", world.Request{Caller: w.Other, Path: "/"}, 200},
		{front.Native, world.Request{Caller: w.Web, Path: world.PathMTLS}, 200},
		{front.Native, world.Request{Caller: w.Other, Path: world.PathMTLS}, 403},
		{front.Native, world.Request{Caller: w.Web, Path: world.PathJWT, Token: good}, 200},
		{front.Native, world.Request{Caller: w.Web, Path: world.PathJWT, Token: rsa}, 200},
		{front.Native, world.Request{Caller: w.Web, Path: world.PathJWT}, 401},
		{front.Native, world.Request{Caller: w.Web, Path: world.PathJWT, Token: good[:len(good)-4] + "AAAA"}, 401},
		{front.Native, world.Request{Caller: w.Web, Path: world.PathJWT, Token: scopeless}, 403},
		{front.Native, world.Request{Caller: w.Other, Path: world.PathJWT, Token: good}, 403},
		{front.Native, world.Request{Caller: w.Web, Path: "/else"}, 403},
	} {
		if got := ask(t, f, c.listener, c.request); got != c.want {
			t.Errorf("%s, %s as %s: %d, want %d", c.listener, c.request.Path, c.request.Caller.Leaf().URIs[0], got, c.want)
		}
	}
}
