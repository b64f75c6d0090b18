package record_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postern/postern/extauthz/record"
)

func TestRequireReturnsOnceWritten(t *testing.T) {
	var out bytes.Buffer
	w := record.NewWriter(&out, record.Options{Deadline: time.Minute})
	if err := w.Require(context.Background(), numbered("1")); err != nil {
		t.Fatal(err)
	}
	if got := ids(out.String()); got != "1" {
		t.Errorf("lines %q when Require returned", got)
	}
	if got := w.Counts(); got != (record.Counts{Written: 1}) {
		t.Errorf("counts %+v", got)
	}
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := w.Require(context.Background(), numbered("2")); !errors.Is(err, record.ErrDropped) {
		t.Errorf("after Close: %v", err)
	}
}

func TestRequireFails(t *testing.T) {
	w := record.NewWriter(&faulty{script: []int{0, 10}}, record.Options{Deadline: time.Minute})
	for _, id := range []string{"1", "2"} {
		if err := w.Require(context.Background(), numbered(id)); !errors.Is(err, errFull) {
			t.Errorf("record %s: %v, want %v", id, err, errFull)
		}
	}
	if err := w.Require(context.Background(), numbered("3")); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestRequireFailsForWhatCannotBeEncoded(t *testing.T) {
	w := record.NewWriter(&bytes.Buffer{}, record.Options{Deadline: time.Minute})
	r := numbered("1")
	r.Decision = decided(t, "off").Decision
	r.Decision.Rules[0].Rule = nil
	if err := w.Require(context.Background(), r); err == nil {
		t.Error("a record that cannot be encoded was said to be written")
	}
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestRequireGivesUp(t *testing.T) {
	for name, tc := range map[string]struct {
		options record.Options
		ctx     time.Duration
		want    time.Duration
	}{
		"at the default deadline":       {record.Options{}, time.Hour, 50 * time.Millisecond},
		"at its own deadline":           {record.Options{Deadline: time.Second}, time.Hour, time.Second},
		"when the request's time is up": {record.Options{}, 20 * time.Millisecond, 20 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &gate{entered: make(chan struct{}, 9), opened: make(chan struct{})}
				w := record.NewWriter(g, tc.options)
				w.Record(numbered("blocks"))
				<-g.entered
				ctx, cancel := context.WithTimeout(t.Context(), tc.ctx)
				defer cancel()
				begun := time.Now()
				if err := w.Require(ctx, numbered("never")); !errors.Is(err, record.ErrDeadline) {
					t.Errorf("error %v, want %v", err, record.ErrDeadline)
				}
				if took := time.Since(begun); took != tc.want {
					t.Errorf("took %v, want %v", took, tc.want)
				}
				g.open()
				w.Record(numbered("after"))
				if err := w.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := g.bytes.String(); strings.Contains(got, "never") || !strings.Contains(got, "after") {
					t.Errorf("a record that was given up was written: %s", got)
				}
				if got, want := w.Counts(), (record.Counts{Written: 2, Dropped: 1}); got != want {
					t.Errorf("counts %+v, want %+v", got, want)
				}
			})
		})
	}
}

func TestRequireInABlockedWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{entered: make(chan struct{}, 9), opened: make(chan struct{})}
		w := record.NewWriter(g, record.Options{})
		if err := w.Require(t.Context(), numbered("1")); !errors.Is(err, record.ErrDeadline) {
			t.Errorf("error %v, want %v", err, record.ErrDeadline)
		}
		g.open()
		if err := w.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := w.Counts(); got != (record.Counts{Written: 1}) {
			t.Errorf("counts %+v", got)
		}
	})
}

func TestRequireFailsAtOnceWhenTheQueueIsFull(t *testing.T) {
	g := newGate()
	defer g.open()
	w := record.NewWriter(g, record.Options{Queue: 1, Deadline: time.Hour})
	w.Record(numbered("in the write"))
	<-g.entered
	w.Record(numbered("queued"))
	if err := w.Require(context.Background(), numbered("1")); !errors.Is(err, record.ErrDropped) {
		t.Errorf("error %v, want %v", err, record.ErrDropped)
	}
}

func TestRequireBatches(t *testing.T) {
	const waiting = 200
	g := newGate()
	w := record.NewWriter(g, record.Options{Queue: waiting, Deadline: time.Minute})
	w.Record(numbered("blocks"))
	<-g.entered
	var all sync.WaitGroup
	for i := range waiting {
		all.Go(func() {
			if err := w.Require(context.Background(), numbered(fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "all of them wait", func() bool { return record.Queued(w) == waiting })
	g.open()
	all.Wait()
	if lines, writes := g.lines(); lines != waiting+1 || writes > 3 {
		t.Errorf("%d lines in %d writes, want %d in a few", lines, writes, waiting+1)
	}
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestKeep(t *testing.T) {
	allow, deny := numbered("1"), numbered("2")
	allow.Decision.Allow = true
	for name, tc := range map[string]struct {
		required bool
		script   []int
		r        *record.Record
		want     bool
	}{
		"allow, written":          {true, nil, allow, true},
		"allow, not written":      {true, []int{0}, allow, false},
		"deny, not written":       {true, []int{0}, deny, true},
		"allow, need not be kept": {false, []int{0}, allow, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := record.NewWriter(&faulty{script: tc.script}, record.Options{Required: tc.required, Deadline: time.Minute})
			if got := w.Keep(context.Background(), tc.r); got != tc.want {
				t.Errorf("Keep is %v, want %v", got, tc.want)
			}
			if err := w.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
			if got := total(w.Counts()); got != 1 {
				t.Errorf("%d records counted, want 1", got)
			}
		})
	}
}
