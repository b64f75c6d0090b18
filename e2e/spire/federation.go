package spire

import (
	"fmt"
	"os"
	"path/filepath"
)

// Federate has this server follow the bundle endpoint of another. Entries say which workloads
// get its bundle.
func (s *Server) Federate(with *Server) {
	s.t.Helper()
	file := filepath.Join(s.Dir, with.TrustDomain+".json")
	if err := os.WriteFile(file, []byte(with.Do("bundle", "show", "-format", "spiffe")), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.Do("federation", "create", "-trustDomain", with.TrustDomain,
		"-bundleEndpointURL", fmt.Sprintf("https://127.0.0.1:%d", with.EndpointPort),
		"-bundleEndpointProfile", "https_spiffe", "-endpointSpiffeID", "spiffe://"+with.TrustDomain+"/spire/server",
		"-trustDomainBundlePath", file, "-trustDomainBundleFormat", "spiffe")
}

// Refresh has this server ask the other's bundle endpoint now; by itself it does so once a minute.
func (s *Server) Refresh(with *Server) {
	s.t.Helper()
	s.Do("federation", "refresh", "-id", with.TrustDomain)
}

// Unfederate ends the following of the other's bundle endpoint. SPIRE keeps the bundle.
func (s *Server) Unfederate(with *Server) {
	s.t.Helper()
	s.Do("federation", "delete", "-id", with.TrustDomain)
}

// Dissociate deletes the other's bundle and takes it from every entry.
func (s *Server) Dissociate(from *Server) {
	s.t.Helper()
	s.Do("bundle", "delete", "-id", from.TrustDomain, "-mode", "dissociate")
}
