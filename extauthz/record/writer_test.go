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
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

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
	var records []record.Record
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
		for s := bufio.NewScanner(io.LimitReader(iotestOneByte{reader}, 1<<30)); s.Scan(); n++ {
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

// iotestOneByte reads a byte at a time.
type iotestOneByte struct{ io.Reader }

func (r iotestOneByte) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(1, len(p))]) }

// A faulty destination takes in what its script says of each write, then everything.
type faulty struct {
	bytes  bytes.Buffer
	script []int // how many bytes a write takes in before it fails; -1: short without an error
}

var errFull = errors.New("no space left on device")

func (f *faulty) Write(p []byte) (int, error) {
	if len(f.script) == 0 {
		return f.bytes.Write(p)
	}
	n := f.script[0]
	f.script = f.script[1:]
	if n < 0 {
		f.bytes.Write(p[:1])
		return 1, nil
	}
	f.bytes.Write(p[:n])
	return n, errFull
}

func TestFailedWrites(t *testing.T) {
	one := len(written(t, numbered("1")))
	for name, tc := range map[string]struct {
		script []int
		want   string // the request ids of whole lines; ~ is a line that is none
		counts record.Counts
	}{
		"none":                  {nil, "1 2 3", record.Counts{Written: 3}},
		"nothing written":       {[]int{0}, "2 3", record.Counts{Written: 2, Failed: 1}},
		"cut in the middle":     {[]int{20}, "~ 2 3", record.Counts{Written: 2, Failed: 1}},
		"cut twice":             {[]int{20, 10}, "~ ~ 3", record.Counts{Written: 1, Failed: 2}},
		"cut, then nothing":     {[]int{20, 0}, "~ 3", record.Counts{Written: 1, Failed: 2}},
		"cut, then a newline":   {[]int{20, 1}, "~ 3", record.Counts{Written: 1, Failed: 2}},
		"cut before its end":    {[]int{one - 1}, "1 2 3", record.Counts{Written: 2, Failed: 1}},
		"an error after a line": {[]int{one}, "1 2 3", record.Counts{Written: 3}},
		"short, no error":       {[]int{-1}, "~ 2 3", record.Counts{Written: 2, Failed: 1}},
		"all of them":           {[]int{0, 0, 0}, "", record.Counts{Failed: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			out := &faulty{script: tc.script}
			w := record.NewWriter(out, record.Options{})
			for i := range uint64(3) {
				w.Record(numbered(fmt.Sprint(i + 1)))
				eventually(t, "the record is settled", func() bool { return total(w.Counts()) == i+1 })
			}
			if err := w.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
			if got := w.Counts(); got != tc.counts {
				t.Errorf("counts %+v, want %+v", got, tc.counts)
			}
			if got := ids(out.bytes.String()); got != tc.want {
				t.Errorf("lines %q, want %q: %s", got, tc.want, out.bytes.String())
			}
		})
	}
}

// ids names the lines by their records.
func ids(lines string) string {
	var all []string
	for line := range strings.Lines(lines) {
		_, id, whole := strings.Cut(line, `"request_id":"`)
		if !whole || !strings.HasSuffix(strings.TrimSuffix(line, "\n"), "}") {
			id = "~"
		}
		all = append(all, id[:1])
	}
	return strings.Join(all, " ")
}

func TestPartOfABatch(t *testing.T) {
	g := newGate()
	out := &faulty{script: []int{1 << 20}}
	w := record.NewWriter(writerFunc(func(p []byte) (int, error) {
		if _, err := g.Write(nil); err != nil {
			return 0, err
		}
		if len(out.script) > 0 && bytes.Count(p, []byte("\n")) == 4 {
			out.script[0] = len(p)/2 + 5
			return out.Write(p)
		}
		return out.bytes.Write(p)
	}), record.Options{})
	w.Record(numbered("0"))
	<-g.entered
	for _, id := range []string{"1", "2", "3", "4"} {
		w.Record(numbered(id))
	}
	g.open()
	eventually(t, "the batch is settled", func() bool { return total(w.Counts()) == 5 })
	w.Record(numbered("5"))
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got, want := w.Counts(), (record.Counts{Written: 4, Failed: 2}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
	if got := ids(out.bytes.String()); got != "0 1 2 ~ 5" {
		t.Errorf("lines %q", got)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestFailuresAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.InfoLevel)
		out := &faulty{script: []int{0, 0, 0, 0, 0}}
		w := record.NewWriter(out, record.Options{Log: zap.New(core)})
		offer := func(n int) {
			for range n {
				w.Record(numbered("1"))
				synctest.Wait()
			}
		}
		offer(3) // the first is reported at once, the others too soon after
		time.Sleep(11 * time.Second)
		offer(2) // the first reports what was not
		offer(1) // written, but one loss is not reported yet
		time.Sleep(11 * time.Second)
		offer(2)
		if err := w.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range logs.All() {
			m := e.ContextMap()
			got = append(got, fmt.Sprintf("%v %s failed=%v dropped=%v error=%v", e.Level, e.Message, m["failed"], m["dropped"], m["error"]))
		}
		want := []string{
			"error decision records were lost failed=1 dropped=0 error=no space left on device",
			"error decision records were lost failed=3 dropped=0 error=no space left on device",
			"error decision records were lost failed=1 dropped=0 error=<nil>",
			"info decision records are written again failed=<nil> dropped=<nil> error=<nil>",
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("logged\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestLossIsLoggedAtTheEnd(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	w := record.NewWriter(&faulty{script: []int{0, 0}}, record.Options{Log: zap.New(core)})
	for i := range uint64(2) {
		w.Record(numbered("1"))
		eventually(t, "the record is settled", func() bool { return total(w.Counts()) == i+1 })
	}
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := logs.FilterMessage("decision records were lost").Len(); got != 2 {
		t.Errorf("%d reports, want one at once and one at the end", got)
	}
}
