package spire

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

// An Entry registers a workload with an agent: the processes that run the binary at Path.
type Entry struct {
	ID            string        // the SPIFFE ID
	Path          string        // of the binary
	Life          time.Duration // of its X.509-SVIDs; 0: as the server says
	FederatesWith []string      // trust domains
}

// Self returns the path of the test's own binary, for an Entry.
func Self(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Register registers workloads and returns the numbers of their entries, in the same order.
func (a *Agent) Register(entries ...Entry) []string {
	a.t.Helper()
	type selector struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	}
	type entry struct {
		Parent    string     `json:"parent_id"`
		ID        string     `json:"spiffe_id"`
		Selectors []selector `json:"selectors"`
		Life      int        `json:"x509_svid_ttl,omitempty"`
		Federates []string   `json:"federates_with,omitempty"`
	}
	list := make([]entry, len(entries))
	for i, e := range entries {
		list[i] = entry{Parent: a.ID(), ID: e.ID, Selectors: []selector{{"unix", "path:" + e.Path}},
			Life: int(e.Life.Seconds()), Federates: e.FederatesWith}
	}
	data, err := json.Marshal(map[string]any{"entries": list})
	if err != nil {
		a.t.Fatal(err)
	}
	out := a.Server.DoWith(string(data), "entry", "create", "-data", "-", "-output", "json")
	var made struct {
		Results []struct {
			Entry struct {
				ID string `json:"id"`
			} `json:"entry"`
		} `json:"results"`
	}
	if err := json.Unmarshal([]byte(out), &made); err != nil || len(made.Results) != len(entries) {
		a.t.Fatalf("entry create said %s: %v", strings.TrimSpace(out), err)
	}
	ids := make([]string, len(entries))
	for i, r := range made.Results {
		ids[i] = r.Entry.ID
	}
	return ids
}

// Unregister deletes entries by their numbers.
func (a *Agent) Unregister(entries ...string) {
	a.t.Helper()
	for _, id := range entries {
		a.Server.Do("entry", "delete", "-entryID", id)
	}
}
