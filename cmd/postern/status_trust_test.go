package main

import (
	"strings"
	"testing"

	"github.com/postern/postern/identity/trust"
)

// TestTheRemedyOfTrust fits what is missing: where the Workload API is there, nobody has to bring it back.
func TestTheRemedyOfTrust(t *testing.T) {
	for missing, want := range map[string]string{
		"the Workload API offers 2 identities, a, b: " + trust.Unchosen: "give --workload",
		"the Workload API: connection refused":                          "bring the Workload API or the bundle's file back",
	} {
		s := &sidecar{}
		s.trust.Store(&trust.State{Missing: []string{missing}})
		if got := s.trustPart(); !strings.HasPrefix(got.Remedy, want) || got.Detail != missing {
			t.Errorf("%s: %+v", missing, got)
		}
	}
}
