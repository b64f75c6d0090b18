package mesh

import (
	_ "embed"
	"strings"
	"testing"
	"text/template"
)

//go:embed gate.yaml
var gateText string

// A Gate is the configuration of an Envoy whose listener "inbound" asks Postern about every
// request. The zero value of each field below Files is the safe choice.
type Gate struct {
	Authz    string // Postern's socket
	Upstream int    // the port on 127.0.0.1
	Files    string // the World's folder

	UpstreamHTTP2 bool   // speak HTTP/2 to the upstream
	Cleartext     bool   // no TLS at all
	TrustedCA     string // a file of the World's; "": all.pem; "none": no validation context
	Optional      bool   // do not require a client certificate
	Untrusted     bool   // ACCEPT_UNTRUSTED: a certificate that does not verify is let through
	Resumption    bool   // TLS sessions can be resumed
	NoCertificate bool   // include_peer_certificate: false
	XFCC          string // forward_client_cert_details; "": SANITIZE_SET with chain
	Joined        bool   // encode_raw_headers: false
	AsSent        bool   // no normalisation of the path
	Loose         bool   // methods and CONNECT: allow everything that HCM can be made to let through
	FailOpen      bool   // failure_mode_allow
	Session       bool   // include_tls_session
	Body          int    // with_request_body, at most so many bytes
	Mutations     bool   // validate_mutations
	Timeout       string // of the check; "": 5s, since the machine may be busy
	Routes        string // YAML in place of the one catch-all route
	After         string // YAML of HTTP filters between ext_authz and the router
	ClearRoutes   bool   // clear_route_cache
}

// Config returns the Envoy configuration.
func (g Gate) Config(t testing.TB) string {
	t.Helper()
	if g.TrustedCA == "" {
		g.TrustedCA = "all.pem"
	}
	if g.XFCC == "" {
		g.XFCC = "SANITIZE_SET"
	}
	if g.Timeout == "" {
		g.Timeout = "5s"
	}
	var out strings.Builder
	if err := template.Must(template.New("gate").Parse(gateText)).Execute(&out, g); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
