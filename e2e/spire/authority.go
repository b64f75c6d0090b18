package spire

import (
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// An Authority is what one kind of SVID is signed by.
type Authority string

// The kinds of authorities.
const (
	X509 Authority = "x509"
	JWT  Authority = "jwt"
)

// Active returns the ID of the authority that signs.
func (s *Server) Active(kind Authority) string {
	s.t.Helper()
	return s.authority(kind, "active", "show")
}

// Old returns the ID of the authority that signed before.
func (s *Server) Old(kind Authority) string {
	s.t.Helper()
	return s.authority(kind, "old", "show")
}

// Prepare makes another authority, publishes it and returns its ID.
func (s *Server) Prepare(kind Authority) string {
	s.t.Helper()
	return s.authority(kind, "prepared_authority", "prepare")
}

// Activate has a prepared authority sign from now on.
func (s *Server) Activate(kind Authority, id string) {
	s.t.Helper()
	s.Do("localauthority", string(kind), "activate", "-authorityID", id)
}

// Taint has everything that the old authority signed be issued anew.
func (s *Server) Taint(kind Authority, id string) {
	s.t.Helper()
	s.tainted(func() { s.Do("localauthority", string(kind), "taint", "-authorityID", id) })
}

// Revoke takes a tainted authority out of the bundle. An X.509 authority is revoked no sooner
// than SPIRE's own servers and agents have other SVIDs: see settle.
func (s *Server) Revoke(kind Authority, id string) {
	s.t.Helper()
	if kind == X509 {
		s.settle()
	}
	s.Do("localauthority", string(kind), "revoke", "-authorityID", id)
}

// TaintUpstream is Taint for a root above the server's authorities, by its subject key ID.
func (s *Server) TaintUpstream(keyID []byte) {
	s.t.Helper()
	s.tainted(func() { s.Do("upstreamauthority", "taint", "-subjectKeyID", hex.EncodeToString(keyID)) })
}

// RevokeUpstream is Revoke for a root above the server's authorities.
func (s *Server) RevokeUpstream(keyID []byte) {
	s.t.Helper()
	s.settle()
	s.Do("upstreamauthority", "revoke", "-subjectKeyID", hex.EncodeToString(keyID))
}

// tainted taints and remembers the SVIDs that SPIRE's own processes had before.
func (s *Server) tainted(taint func()) {
	s.t.Helper()
	s.before = s.held()
	taint()
}

// settle waits until the server and its agents have other SVIDs than before the taint, which
// takes seconds more than the workloads' do. Who revokes sooner cuts the agents off: an agent
// that does not trust its server any more ends itself.
func (s *Server) settle() {
	s.t.Helper()
	for begun := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		old := 0
		for id, now := range s.held() {
			if now == s.before[id] {
				old++
			}
		}
		if old == 0 {
			s.t.Logf("SPIRE's own SVIDs were replaced %v after the workloads'", time.Since(begun).Round(time.Millisecond))
			return
		}
		if time.Since(begun) > ready {
			s.t.Fatalf("after a taint %d of SPIRE's own processes have their old SVIDs", old)
		}
	}
}

// held returns what tells apart the SVIDs that the server and its agents have.
func (s *Server) held() map[string]string {
	s.t.Helper()
	var said struct {
		Agents []struct {
			ID     json.RawMessage `json:"id"`
			Serial string          `json:"x509svid_serial_number"`
		} `json:"agents"`
	}
	out := s.Do("agent", "list", "-output", "json")
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		s.t.Fatalf("agent list said %s: %v", out, err)
	}
	all := map[string]string{"server": s.presented()}
	for _, a := range said.Agents {
		all[string(a.ID)] = a.Serial
	}
	return all
}

// presented returns the serial number of the certificate that the server presents to agents.
func (s *Server) presented() string {
	s.t.Helper()
	conn, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.Port), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

// authority runs a command and returns the ID under the named member of what it says.
func (s *Server) authority(kind Authority, member, command string) string {
	s.t.Helper()
	out := s.Do("localauthority", string(kind), command, "-output", "json")
	var said map[string]json.RawMessage
	var state struct {
		ID string `json:"authority_id"`
	}
	err := json.Unmarshal([]byte(out), &said)
	if err == nil {
		err = json.Unmarshal(said[member], &state)
	}
	if err != nil || state.ID == "" {
		s.t.Fatalf("localauthority %s %s has no %q: %s (%v)", kind, command, member, out, err)
	}
	return state.ID
}
