package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	first  = `{"request_id":"1","decision":"allow","reason":"allowed","rule":"orders.yaml:7:5","rule_name":"a"}` + "\n"
	second = `{"request_id":"2","decision":"deny","reason":"no_route"}` + "\n"
)

func TestRecordsAreFoundAsTheyAreWritten(t *testing.T) {
	r := &records{file: filepath.Join(t.TempDir(), "records")}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(r.file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(first + second[:20])
	got, err := r.find(t.Context(), "1")
	if err != nil || got.Rule != "orders.yaml:7:5" || got.RuleName != "a" {
		t.Errorf("%+v, %v", got, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if got, err := r.find(ctx, "2"); err == nil {
		t.Errorf("half a line is a record: %+v", got)
	}
	write(first + second)
	if got, err := r.find(t.Context(), "2"); err != nil || got.Reason != "no_route" {
		t.Errorf("%+v, %v", got, err)
	}
	write(first + second + "no JSON\n")
	if _, err := r.find(t.Context(), "3"); err == nil || !strings.Contains(err.Error(), "no JSON") {
		t.Errorf("a line that is no JSON: %v", err)
	}
}

func TestBecause(t *testing.T) {
	type rule = struct {
		Rule      string         `json:"rule"`
		Effect    string         `json:"effect"`
		Conjuncts map[string]any `json:"conjuncts"`
	}
	rules := []rule{
		{"o.yaml:3:3", "deny", map[string]any{"headers": false}},
		{"o.yaml:5:5", "allow", map[string]any{"callers": false, "user": false, "scopes": false}},
		{"o.yaml:9:5", "allow", map[string]any{"callers": true, "user": true, "scopes": false, "acr": "error"}},
	}
	for name, tc := range map[string]struct {
		record record
		want   string
	}{
		"allowed":         {record{Reason: "allowed", Rule: "o.yaml:9:5", Rules: rules}, "o.yaml:9:5"},
		"denied":          {record{Reason: "denied_by_rule", Rule: "o.yaml:3:3", Rules: rules}, "o.yaml:3:3"},
		"no route":        {record{Reason: "no_route"}, ""},
		"a bad token":     {record{Reason: "token_expired", Rules: rules}, ""},
		"the nearest":     {record{Reason: "not_granted", Rules: rules}, "o.yaml:9:5 lacks acr, scopes"},
		"no allow at all": {record{Reason: "caller_not_granted", Rules: rules[:1]}, ""},
	} {
		if got := tc.record.because(); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
