package check_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	. "github.com/postern/postern/deploy/envoy/envoytest"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/identity/mint/minttest"
)

const toPay = Clusters + "/2/transport_socket/typed_config/common_tls_context/validation_context"

func processAttacks() []attack {
	return []attack{
		{"runtime-guard", "a path with a fragment gets through", nil,
			[]string{"layered_runtime", "{layers: [{name: a, static_layer: {envoy.reloadable_features.http_reject_path_with_fragment: false}}]}"},
			func(t *testing.T, g *gate) bool { return g.get(t, g.web(), "/public#/../admin").let() }},
		{"runtime-guard", "escaped slashes get through, whatever the manager says", nil,
			[]string{"layered_runtime", "{layers: [{name: a, static_layer: {http_connection_manager.path_with_escaped_slashes_action_enabled: 0}}]}"}, escapedSlashGetsThrough},
		{"upstream-not-verified", "another workload answers for pay", nil,
			[]string{toPay + "/match_typed_subject_alt_names", ""}, impostorAnswers},
		{"upstream-not-verified", "anybody answers for pay", nil, []string{toPay, ""}, impostorAnswers},
	}
}

// impostor is where another workload of the mesh answers, and says so. Requests to it go to no app.
func (p *place) impostor(t testing.TB) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{minttest.SVID(t, p.Shop, mesh.Batch).TLSCertificate()}, ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS13}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func impostorAnswers(t *testing.T, g *gate) bool {
	through := *g
	through.addr = g.envoy.Addr("to-pay")
	return through.get(t, nil, "/").status == http.StatusTeapot
}
