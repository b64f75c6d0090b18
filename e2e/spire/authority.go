package spire

import (
	"encoding/json"
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
	s.Do("localauthority", string(kind), "taint", "-authorityID", id)
}

// Revoke takes a tainted authority out of the bundle.
func (s *Server) Revoke(kind Authority, id string) {
	s.t.Helper()
	s.Do("localauthority", string(kind), "revoke", "-authorityID", id)
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
