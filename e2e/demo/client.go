package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"

	"github.com/postern/postern/identity/mint"
)

// A request is what a client sends. The zero status of its outcome is a refused handshake.
type request struct {
	as     string   // the workload that sends it; "" for a browser, without a certificate
	to     string   // web or orders
	line   string   // GET /orders/1001
	header string   // one more, Name: value
	tokens []string // one authorization header for each
}

// An outcome is what came of a request.
type outcome struct {
	status int
	by     string // who decided: web, orders, or Envoy for a handshake that it refused
	record record // of the decision; its reason is TLS's for a handshake
	saw    sight  // what the app behind the last sidecar was told; zero when no app was reached
}

// certificates returns the folder of who sends: an identity of postern-dev's, or one in a folder
// of the demo's own.
func (m *mesh) certificates(as string) string {
	for _, w := range m.where.Workloads {
		if w.Name == as {
			return w.Dir
		}
	}
	return m.path(as)
}

// tlsOf returns the TLS of a client that demands the server's SPIFFE ID. Everything is read anew
// from the files, since it rotates.
func (m *mesh) tlsOf(as string, to *service) (*tls.Config, error) {
	bundle, err := x509bundle.Load(spiffeid.RequireTrustDomainFromString(domain), m.where.Bundles[domain])
	if err != nil {
		return nil, err
	}
	server := tlsconfig.AuthorizeID(spiffeid.RequireFromString(to.id))
	if as == "" {
		return tlsconfig.TLSClientConfig(bundle, server), nil
	}
	svid, err := x509svid.Load(m.certificates(as)+"/svid.pem", m.certificates(as)+"/key.pem")
	if err != nil {
		return nil, err
	}
	return tlsconfig.MTLSClientConfig(svid, bundle, server), nil
}

func (m *mesh) service(name string) *service {
	if name == "web" {
		return m.web
	}
	return m.orders
}

// send sends a request on a connection of its own, and finds the record of the decision.
func (m *mesh) send(ctx context.Context, r request) (outcome, error) {
	to := m.service(r.to)
	config, err := m.tlsOf(r.as, to)
	if err != nil {
		return outcome{}, err
	}
	status, body, err := m.exchange(ctx, r, config)
	if err != nil {
		alert := refusal(ctx, err, to.addr, config)
		if alert == nil {
			return outcome{}, err
		}
		return outcome{by: "Envoy", record: record{Reason: strings.TrimPrefix(alert.Error(), "tls: ")}}, nil
	}
	o := outcome{status: status, by: r.to}
	if body.Orders != nil {
		body, o.by = *body.Orders, "orders"
	}
	if body.Service != "" {
		o.saw = body.sight
	}
	if body.RequestID == "" {
		return outcome{}, fmt.Errorf("%s answered %d, and not what Postern or the app says", o.by, status)
	}
	o.record, err = m.service(o.by).records.find(ctx, body.RequestID)
	return o, err
}

func (m *mesh) exchange(ctx context.Context, r request, config *tls.Config) (int, answer, error) {
	method, path, _ := strings.Cut(r.line, " ")
	out, err := http.NewRequestWithContext(ctx, method, "https://"+m.service(r.to).addr+path, nil)
	if err != nil {
		return 0, answer{}, err
	}
	if name, value, ok := strings.Cut(r.header, ": "); ok {
		out.Header.Set(name, value)
	}
	for _, token := range r.tokens {
		out.Header.Add("Authorization", "Bearer "+token)
	}
	client := &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true},
	}
	return fetch(client, out)
}

// refusal returns TLS's alert when the server did not take the client's certificate, nil for any
// other error. In TLS 1.3 the client learns of it only when it has begun to send, and may find
// the connection closed instead: then another, on which it says nothing, hears the alert.
func refusal(ctx context.Context, err error, addr string, config *tls.Config) error {
	if alert := alertOf(err); alert != nil {
		return alert
	}
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return alertOf(err)
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return nil
	}
	_, err = conn.Read(make([]byte, 1))
	return alertOf(err)
}

// alertOf returns an alert that the other side sent (RFC 8446 section 6).
func alertOf(err error) error {
	var remote *net.OpError
	if errors.As(err, &remote) && remote.Op == "remote error" {
		return remote.Err
	}
	return nil
}

// makeIntruder makes an identity that says it is web, signed by a CA that says it is ours.
func (m *mesh) makeIntruder(context.Context) error {
	ca, err := mint.NewCA(domain)
	if err != nil {
		return err
	}
	svid, err := ca.SVID(webID)
	if err != nil {
		return err
	}
	return m.keepIdentity("intruder", svid.PEM(), svid.KeyPEM())
}

// keepIdentity writes the files of an identity into a folder of the demo's own.
func (m *mesh) keepIdentity(name string, certificates, key []byte) error {
	if err := os.MkdirAll(m.path(name), 0o700); err != nil {
		return err
	}
	for file, data := range map[string][]byte{"svid.pem": certificates, "key.pem": key} {
		if err := os.WriteFile(m.path(name, file), data, 0o600); err != nil {
			return fmt.Errorf("identity of %s: %w", name, err)
		}
	}
	return nil
}
