package check_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	config "github.com/postern/postern/deploy/envoy"
	"github.com/postern/postern/deploy/envoy/envoytest"
	"github.com/postern/postern/e2e/envoy"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/raw"
	"github.com/postern/postern/e2e/upstream"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// A gate is an Envoy that runs what was printed, with or without a change, between an authorizer
// and an app.
type gate struct {
	*mesh.World
	authz  *authorizer
	app    *upstream.Server
	envoy  *envoy.Running
	addr   string
	config string
}

// A place is all that a gate stands between; several gates can share one.
type place struct {
	*mesh.World
	authz   *authorizer
	app     *upstream.Server
	svid    string // the folder with the SVID
	yes     string // the port of a web server that says yes to everything
	another string // the socket of an authorizer that is not Postern, for the tests that start one
}

func newPlace(t testing.TB) *place {
	t.Helper()
	envoy.Require(t)
	p := &place{World: mesh.NewWorld(t), authz: startAuthorizer(t), app: upstream.Start(t), svid: t.TempDir()}
	putSVID(t, p.svid, minttest.SVID(t, p.Shop, mesh.Orders), p.Shop.BundlePEM())
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	_, p.yes, _ = strings.Cut(server.Listener.Addr().String(), ":")
	return p
}

// putSVID renames the files of an SVID into place, as whoever rotates them does. The key comes
// first: Envoy loads the pair when the certificate arrives.
func putSVID(t testing.TB, dir string, svid *mint.SVID, bundle []byte) {
	t.Helper()
	for _, f := range []struct {
		name string
		data []byte
	}{{"key.pem", svid.KeyPEM()}, {"bundle.pem", bundle}, {"svid.pem", svid.PEM()}} {
		fresh := filepath.Join(dir, "."+f.name)
		if err := os.WriteFile(fresh, f.data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(fresh, filepath.Join(dir, f.name)); err != nil {
			t.Fatal(err)
		}
	}
}

// options are those of a hardened Envoy in this place.
func (p *place) options(t testing.TB) config.Options {
	t.Helper()
	o := envoytest.Options(t)
	o.Listen = envoytest.Address(t, "127.0.0.1:0")
	o.App = envoytest.Address(t, fmt.Sprintf("127.0.0.1:%d", p.app.Port()))
	o.Authz = envoytest.Address(t, "unix:"+p.authz.socket)
	o.SVIDDir = p.svid
	o.AuthzTimeout = 1500 * time.Millisecond // the machines of tests are slow
	return o
}

// start runs an Envoy with this configuration until the test ends.
func (p *place) start(t testing.TB, text string) *gate {
	t.Helper()
	e := envoy.Start(t, text, envoy.Options{})
	return &gate{World: p.World, authz: p.authz, app: p.app, envoy: e, addr: e.Addr("inbound"), config: text}
}

// web is the caller that the authorizer knows.
func (g *gate) web() *tls.Config { return g.As(mesh.Web) }

// An outcome is what became of one request.
type outcome struct {
	err     error // the connection
	status  int
	fields  *raw.Response
	checks  []*authv3.CheckRequest
	reached []*upstream.Request
}

// let says that the app answered.
func (o outcome) let() bool { return len(o.reached) > 0 && o.status == 200 }

// path returns what reached the app, "" when nothing did.
func (o outcome) path() string {
	if len(o.reached) == 0 {
		return ""
	}
	return o.reached[0].Path
}

// checked returns the path that the authorizer was asked about, "" when it was not.
func (o outcome) checked() string {
	if len(o.checks) == 0 {
		return ""
	}
	return o.checks[0].GetAttributes().GetRequest().GetHttp().GetPath()
}

var marks atomic.Int64 // every request of the process has its own

func newMark() string { return fmt.Sprintf("c%d", marks.Add(1)) }

// get sends a GET over HTTP/1.1 on a connection of its own. Fields are lines.
func (g *gate) get(t testing.TB, c *tls.Config, target string, fields ...string) outcome {
	t.Helper()
	return g.send(t, c, "GET "+target+" HTTP/1.1\r\nhost: orders.test\r\nx-case: MARK\r\n"+lines(fields)+"\r\n")
}

func lines(fields []string) string {
	var b strings.Builder
	for _, f := range fields {
		b.WriteString(f + "\r\n")
	}
	return b.String()
}

// send sends the bytes of one request, in which MARK becomes a mark of its own.
func (g *gate) send(t testing.TB, c *tls.Config, request string) outcome {
	t.Helper()
	mark := newMark()
	conn, err := raw.DialHTTP1(g.addr, c)
	if err != nil {
		return outcome{err: err}
	}
	defer conn.Close()
	response, err := conn.Do(strings.ReplaceAll(request, "MARK", mark))
	return g.outcome(mark, response, err)
}

// get2 sends a GET over HTTP/2.
func (g *gate) get2(t testing.TB, c *tls.Config, target string, fields ...raw.Field) outcome {
	t.Helper()
	mark := newMark()
	conn, err := raw.DialHTTP2(g.addr, c)
	if err != nil {
		return outcome{err: err}
	}
	defer conn.Close()
	all := append([]raw.Field{{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: "orders.test"},
		{Name: ":path", Value: target}, {Name: "x-case", Value: mark}}, fields...)
	response, err := conn.Do(all, nil)
	return g.outcome(mark, response, err)
}

func (g *gate) outcome(mark string, response *raw.Response, err error) outcome {
	o := outcome{err: err, fields: response, checks: g.authz.find(mark), reached: g.app.Find(mark)}
	if response != nil {
		o.status = response.Status
	}
	return o
}
