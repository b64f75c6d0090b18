package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/postern/postern/e2e/bench/overload"
)

// TestOverload: all loads are measured, and no check is let through that must not be, which is an error.
func TestOverload(t *testing.T) {
	b := newRunner(t)
	if err := b.overload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(b.report.Surges) != 6 {
		t.Fatalf("%+v", b.report.Surges)
	}
	for _, s := range b.report.Surges {
		sum := 0
		for _, n := range s.Counts {
			sum += n
		}
		if s.Offered == 0 || sum != s.Offered || s.Counts[overload.Failed] != 0 || s.Most == 0 {
			t.Errorf("%+v", s)
		}
	}
	var out bytes.Buffer
	b.report.printSurges(&out)
	if !strings.Contains(out.String(), caseMTLS+", 10 ×") {
		t.Error(out.String())
	}
}
