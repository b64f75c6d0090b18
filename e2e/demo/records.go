package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// A record is what the demo reads of a decision record.
type record struct {
	RequestID    string `json:"request_id"`
	Decision     string `json:"decision"`
	Reason       string `json:"reason"`
	Rule         string `json:"rule"`
	RuleName     string `json:"rule_name"`
	PolicyDigest string `json:"policy_digest"`
	Rules        []struct {
		Rule      string         `json:"rule"`
		Effect    string         `json:"effect"`
		Conjuncts map[string]any `json:"conjuncts"`
	} `json:"rules"`
}

// records reads the file that a Postern keeps its decision records in. It is for one goroutine.
type records struct {
	file string
	read int64
	byID map[string]record
}

// find returns the record of a request. Records are written off the request's path, so it may
// take a moment to be there.
func (r *records) find(ctx context.Context, id string) (record, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if err := r.more(); err != nil {
			return record{}, err
		}
		if found, ok := r.byID[id]; ok {
			return found, nil
		}
		select {
		case <-ctx.Done():
			return record{}, fmt.Errorf("%s has no record of request %q", r.file, id)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// more reads the lines that were written since it was last called.
func (r *records) more() error {
	f, err := os.Open(r.file)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.NewSectionReader(f, r.read, 64<<20))
	if err != nil {
		return err
	}
	if r.byID == nil {
		r.byID = map[string]record{}
	}
	for {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole {
			return nil
		}
		var one record
		if err := json.Unmarshal(line, &one); err != nil {
			return fmt.Errorf("%s: %w in %q", r.file, err, line)
		}
		r.byID[one.RequestID] = one
		r.read += int64(len(line)) + 1
		text = rest
	}
}

// because is the place of the rule that decided, or of the one that came nearest and what it
// lacked.
func (r record) because() string {
	switch r.Reason {
	case "not_granted", "caller_not_granted", "step_up_required":
	default:
		return r.Rule
	}
	nearest, lacks := r.Rule, []string(nil)
	for _, rule := range r.Rules {
		var failed []string
		for name, held := range rule.Conjuncts {
			if held != true {
				failed = append(failed, name)
			}
		}
		if rule.Effect == "allow" && (lacks == nil || len(failed) < len(lacks)) {
			nearest, lacks = rule.Rule, failed
		}
	}
	if lacks == nil {
		return r.Rule
	}
	slices.Sort(lacks)
	return nearest + " lacks " + strings.Join(lacks, ", ")
}
