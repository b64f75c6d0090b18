package check_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	config "github.com/postern/postern/deploy/envoy"
	"github.com/postern/postern/deploy/envoy/envoytest"
)

// TestNoRequestTrailersReachTheApp: they come after the check, so an app that reads them like
// headers would take an identity from the caller.
func TestNoRequestTrailersReachTheApp(t *testing.T) {
	p := newPlace(t)
	app, trailers := trailerApp(t)
	for _, protocol := range []config.Protocol{config.HTTP1, config.HTTP2, config.Downstream} {
		o := p.options(t)
		o.App, o.AppProtocol = envoytest.Address(t, app), protocol
		printed := envoytest.Bootstrap(t, o)
		g := p.start(t, printed)
		for _, http2 := range []bool{false, true} {
			g.sendTrailers(t, http2)
			for name, values := range <-trailers { // the names are in the header "trailer" already
				if len(values) > 0 {
					t.Errorf("app %s, client HTTP/2 %v: %s: %q", protocol, http2, name, values)
				}
			}
		}
		if protocol != config.HTTP2 {
			continue
		}
		bare := p.start(t, envoytest.Apply(t, printed, envoytest.Filters+"/0", ""))
		bare.sendTrailers(t, true)
		if got := <-trailers; got.Get("x-postern-caller") != "admin" {
			t.Errorf("without the filter: %v", got)
		}
	}
}

// trailerApp speaks HTTP/1.1 and HTTP/2 in clear, and tells the trailers of each request.
func trailerApp(t *testing.T) (addr string, trailers <-chan http.Header) {
	t.Helper()
	seen := make(chan http.Header, 1)
	app := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err != nil || string(body) != "body" {
			t.Errorf("body %q, %v", body, err)
		}
		seen <- r.Trailer.Clone()
	}))
	app.Config.Protocols = new(http.Protocols)
	app.Config.Protocols.SetHTTP1(true)
	app.Config.Protocols.SetUnencryptedHTTP2(true)
	app.Start()
	t.Cleanup(app.Close)
	return app.Listener.Addr().String(), seen
}

func (g *gate) sendTrailers(t *testing.T, http2 bool) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: g.web(), ForceAttemptHTTP2: http2, Protocols: new(http.Protocols)}
	transport.Protocols.SetHTTP1(!http2)
	transport.Protocols.SetHTTP2(http2)
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+g.addr+"/", io.NopCloser(strings.NewReader("body")))
	if err != nil {
		t.Fatal(err)
	}
	r.Trailer = http.Header{"X-Postern-Caller": {"admin"}, "Authorization-Extra": {"x"}}
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if want := 1 + map[bool]int{true: 1}[http2]; response.StatusCode != http.StatusOK || response.ProtoMajor != want {
		t.Fatalf("%s over %s", response.Status, response.Proto)
	}
}
