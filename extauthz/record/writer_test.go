package record_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/postern/postern/extauthz/record"
)

func total(c record.Counts) uint64 { return c.Written + c.Dropped + c.Failed }

func TestBlockedWriterDropsAndCounts(t *testing.T) {
	const queue, producers, each = 64, 8, 1000
	g := newGate()
	defer g.open()
	w := record.NewWriter(g, record.Options{Queue: queue})
	w.Record(numbered("first"))
	<-g.entered // one record is in a write that blocks, and the queue is empty

	var taken atomic.Uint64
	var all sync.WaitGroup
	for p := range producers {
		all.Go(func() {
			for i := range each {
				if w.Record(numbered(fmt.Sprintf("%d-%d", p, i))) {
					taken.Add(1)
				}
			}
		})
	}
	all.Wait()
	if got := taken.Load(); got != queue {
		t.Errorf("%d records were taken in, want %d", got, queue)
	}
	if got, want := w.Counts(), (record.Counts{Dropped: producers*each - queue}); got != want {
		t.Errorf("counts while blocked are %+v, want %+v", got, want)
	}
	g.open()
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got, want := w.Counts(), (record.Counts{Written: 1 + queue, Dropped: producers*each - queue}); got != want {
		t.Errorf("counts at the end are %+v, want %+v", got, want)
	}
	if lines, writes := g.lines(); lines != 1+queue || writes > 3 {
		t.Errorf("%d lines in %d writes, want %d in a few", lines, writes, 1+queue)
	}
}

func TestOrderIsKept(t *testing.T) {
	var records []*record.Record
	for i := range 1000 {
		records = append(records, numbered(fmt.Sprint(i)))
	}
	for i, line := range strings.Split(strings.TrimSuffix(written(t, records...), "\n"), "\n") {
		if got := fields(t, line)["request_id"]; got != fmt.Sprint(i) {
			t.Fatalf("line %d is of record %v", i, got)
		}
	}
}

func TestWritesAreBounded(t *testing.T) {
	g := newGate()
	w := record.NewWriter(g, record.Options{})
	r := numbered("1")
	r.Detail = strings.Repeat("d", 1024)
	w.Record(r)
	<-g.entered
	for range 1000 {
		w.Record(r)
	}
	g.open()
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if lines, writes := g.lines(); lines != 1001 || writes < 15 || writes > 30 {
		t.Errorf("%d lines, more than 1 MiB, in %d writes; want 64 KiB each", lines, writes)
	}
}

func TestCloseWhileOffered(t *testing.T) {
	var out bytes.Buffer
	w := record.NewWriter(&out, record.Options{})
	var offered, taken atomic.Uint64
	var all sync.WaitGroup
	begun := make(chan struct{}, 4)
	for range 4 {
		all.Go(func() {
			for i := range 2000 {
				if i == 100 {
					begun <- struct{}{}
				}
				offered.Add(1)
				if w.Record(numbered("1")) {
					taken.Add(1)
				}
			}
		})
	}
	<-begun
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	c := w.Counts()
	if c.Written != taken.Load() || total(c) != offered.Load() || c.Failed != 0 {
		t.Errorf("counts %+v; %d taken in of %d offered", c, taken.Load(), offered.Load())
	}
	if lines := bytes.Count(out.Bytes(), []byte("\n")); uint64(lines) != c.Written {
		t.Errorf("%d lines, want %d", lines, c.Written)
	}
	if w.Record(numbered("late")) {
		t.Error("a record was taken in after Close")
	}
	if err := w.Close(context.Background()); err != nil {
		t.Errorf("closing again: %v", err)
	}
}

func TestCloseGivesUpAtItsDeadline(t *testing.T) {
	g := newGate()
	defer g.open()
	w := record.NewWriter(g, record.Options{Queue: 8})
	w.Record(numbered("in the write"))
	<-g.entered
	for range 10 {
		w.Record(numbered("queued"))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := w.Close(ctx)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "9 decision records") {
		t.Errorf("error %v, want 9 records lost", err)
	}
	want := record.Counts{Dropped: 11}
	if got := w.Counts(); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
	g.open()
	eventually(t, "the write returns", func() bool { lines, _ := g.lines(); return lines == 1 })
	if err := w.Close(context.Background()); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if got := w.Counts(); got != want {
		t.Errorf("counts changed to %+v", got)
	}
}

func TestSlowPipe(t *testing.T) {
	reader, out := io.Pipe()
	w := record.NewWriter(out, record.Options{Queue: 1000})
	lines := make(chan int)
	go func() {
		n := 0
		for s := bufio.NewScanner(oneByte{reader}); s.Scan(); n++ {
			if !bytes.HasPrefix(s.Bytes(), []byte(`{"time"`)) || !bytes.HasSuffix(s.Bytes(), []byte("}")) {
				t.Errorf("line %d is %q", n, s.Bytes())
			}
		}
		lines <- n
	}()
	for range 500 {
		w.Record(numbered("1"))
	}
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	_ = out.Close()
	if got := <-lines; got != 500 || w.Counts().Written != 500 {
		t.Errorf("%d lines and counts %+v, want 500", got, w.Counts())
	}
}

// oneByte reads a byte at a time.
type oneByte struct{ io.Reader }

func (r oneByte) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(1, len(p))]) }
