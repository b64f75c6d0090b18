package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

// TestFetchGoesOn past one that cannot be had, and says so.
func TestFetchGoesOn(t *testing.T) {
	var said strings.Builder
	lack := func(context.Context, io.Writer) error { return errors.New("java is needed") }
	got := 0
	have := func(context.Context, io.Writer) error { got++; return nil }
	if fetch(t.Context(), &said, lack, have) || got != 1 || !strings.Contains(said.String(), "left out: java is needed") {
		t.Errorf("said %q, had %d", said.String(), got)
	}
	if !fetch(t.Context(), &said, have, have) || got != 3 {
		t.Errorf("had %d", got)
	}
}
