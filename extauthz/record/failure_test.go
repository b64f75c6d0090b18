package record_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/postern/postern/extauthz/record"
)

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
				time.Sleep(time.Second) // for longer than lines wait for others
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

// TestLosing: records are being lost until one is written when none was lost for 10 s.
func TestLosing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{entered: make(chan struct{}, 9), opened: make(chan struct{})}
		w := record.NewWriter(g, record.Options{Queue: 1})
		losing := func(when string, want error) {
			t.Helper()
			if err := w.Losing(); !errors.Is(err, want) {
				t.Errorf("%s: losing %v, want %v", when, err, want)
			}
		}
		losing("nothing is recorded yet", nil)
		_ = w.Require(t.Context(), numbered("blocks"))
		losing("a write takes long, and may succeed", nil)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		_ = w.Require(gone, numbered("is given up"))
		losing("whoever asked is gone", nil)
		w.Record(numbered("does not fit"))
		losing("the queue is full", record.ErrDropped)
		g.open()
		written := func(after time.Duration) {
			time.Sleep(after)
			w.Record(numbered("written"))
			time.Sleep(time.Second) // for longer than lines wait for others
		}
		written(8 * time.Second)
		losing("one is written after 8 s", record.ErrDropped)
		time.Sleep(time.Hour)
		losing("nothing shows that they are written again", record.ErrDropped)
		written(0)
		losing("one is written much later", nil)
		if err := w.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestLosingInTime: a record that is given up, since it waits for too long behind others, is lost.
func TestLosingInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{entered: make(chan struct{}, 9), opened: make(chan struct{})}
		w := record.NewWriter(g, record.Options{})
		w.Record(numbered("blocks"))
		<-g.entered
		_ = w.Require(t.Context(), numbered("waits"))
		if err := w.Losing(); !errors.Is(err, record.ErrDeadline) {
			t.Errorf("losing %v", err)
		}
		g.open()
		if err := w.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestLosingSome: where one record of a few is lost all the time, no look finds that none is.
func TestLosingSome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &faulty{}
		w := record.NewWriter(out, record.Options{})
		for i := range 100 {
			out.script = nil
			if i%5 == 0 {
				out.script = []int{0}
			}
			w.Record(numbered("1"))
			time.Sleep(time.Second)
			if err := w.Losing(); !errors.Is(err, errFull) {
				t.Fatalf("after %d: losing %v", i, err)
			}
		}
		if err := w.Close(t.Context()); err != nil {
			t.Fatal(err)
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
