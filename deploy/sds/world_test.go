package sds_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	secretv3 "github.com/envoyproxy/go-control-plane/envoy/service/secret/v3"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/postern/postern/deploy/sds"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/svid"
)

const orders = "spiffe://shop.test/ns/shop/sa/orders"

// secretType is the type URL of Envoy's secrets.
const secretType = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"

func identity(t testing.TB, s *mint.SVID) sds.Identity {
	t.Helper()
	i, err := sds.NewIdentity(spiffeid.RequireFromString(s.Leaf().URIs[0].String()), s.Certificates, s.Key)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func bundles(t testing.TB, authorities ...*mint.CA) *svid.Bundles {
	t.Helper()
	var list []svid.Bundle
	for _, ca := range authorities {
		b, err := svid.NewBundle(ca.TrustDomain(), []*x509.Certificate{ca.Certificate()})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, b)
	}
	set, err := svid.NewBundles(list...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// A world is a Server on a socket, and what became of its refusals.
type world struct {
	*sds.Server
	t       testing.TB
	path    string
	stop    context.CancelFunc
	ended   chan error
	refused chan sds.Refusal
}

func serve(t testing.TB, now func() time.Time) *world {
	t.Helper()
	w := &world{t: t, path: filepath.Join(t.TempDir(), "sds.sock"), ended: make(chan error, 1), refused: make(chan sds.Refusal, 100)}
	var err error
	w.Server, err = sds.New(sds.Config{Now: now, Refused: func(r sds.Refusal) { w.refused <- r }})
	if err != nil {
		t.Fatal(err)
	}
	w.listen()
	t.Cleanup(func() { w.stop() })
	return w
}

func (w *world) listen() {
	w.t.Helper()
	l, err := net.Listen("unix", w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	go func() { w.ended <- w.Run(ctx, l) }()
}

func (w *world) give(s sds.State) {
	w.t.Helper()
	if err := w.Update(s); err != nil {
		w.t.Fatal(err)
	}
}

// An envoy is one stream of a client that answers as Envoy does.
type envoy struct {
	t       testing.TB
	stream  grpc.BidiStreamingClient[discoveryv3.DiscoveryRequest, discoveryv3.DiscoveryResponse]
	names   []string
	version string // taken last
	nonce   string
}

func (w *world) client() secretv3.SecretDiscoveryServiceClient {
	w.t.Helper()
	conn, err := grpc.NewClient("unix://"+w.path, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	return secretv3.NewSecretDiscoveryServiceClient(conn)
}

// open asks for names. version is what an earlier stream left behind.
func (w *world) open(version string, names ...string) *envoy {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	w.t.Cleanup(cancel)
	stream, err := w.client().StreamSecrets(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	e := &envoy{t: w.t, stream: stream, version: version}
	e.ask(names...)
	return e
}

func (e *envoy) ask(names ...string) { e.names = names; e.answer("") }

// answer acknowledges, or refuses with a reason.
func (e *envoy) answer(refusal string) {
	e.t.Helper()
	r := &discoveryv3.DiscoveryRequest{
		VersionInfo: e.version, ResponseNonce: e.nonce, ResourceNames: e.names, TypeUrl: secretType,
		Node: &corev3.Node{Id: "test"},
	}
	if refusal != "" {
		r.ErrorDetail = &rpcstatus.Status{Code: 13, Message: refusal}
	}
	if err := e.stream.Send(r); err != nil && !errors.Is(err, io.EOF) {
		e.t.Fatal(err)
	}
}

// next waits for an answer and does not say whether it is good.
func (e *envoy) next() (*discoveryv3.DiscoveryResponse, map[string]*tlsv3.Secret) {
	e.t.Helper()
	r, err := e.stream.Recv()
	if err != nil {
		e.t.Fatal(err)
	}
	e.nonce = r.GetNonce()
	byName := map[string]*tlsv3.Secret{}
	for _, a := range r.GetResources() {
		secret := &tlsv3.Secret{}
		if err := a.UnmarshalTo(secret); err != nil {
			e.t.Fatal(err)
		}
		byName[secret.GetName()] = secret
	}
	return r, byName
}

// take waits for an answer and acknowledges it.
func (e *envoy) take() map[string]*tlsv3.Secret {
	e.t.Helper()
	r, byName := e.next()
	e.version = r.GetVersionInfo()
	e.answer("")
	return byName
}

// trusts returns the trust domains of a validation context, each with its PEM.
func trusts(t testing.TB, s *tlsv3.Secret) map[string]string {
	t.Helper()
	custom := s.GetValidationContext().GetCustomValidatorConfig()
	if custom.GetName() != "envoy.tls.cert_validator.spiffe" {
		t.Fatalf("%s is for the validator %q", s.GetName(), custom.GetName())
	}
	config := &tlsv3.SPIFFECertValidatorConfig{}
	if err := custom.GetTypedConfig().UnmarshalTo(config); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, d := range config.GetTrustDomains() {
		all[d.GetName()] = string(d.GetTrustBundle().GetInlineBytes())
	}
	return all
}

// A clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}
