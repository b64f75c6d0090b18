package record_test

import (
	"bytes"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postern/postern/extauthz/record"
)

// TestLinesWaitForOthers: a few milliseconds after a write, and not where somebody waits for them or room gets short.
func TestLinesWaitForOthers(t *testing.T) {
	const soon, later = 5 * time.Millisecond, 20 * time.Millisecond
	for name, tc := range map[string]struct {
		offer func(t *testing.T, w *record.Writer)
		soon  uint64 // lines that are written soon
		later uint64
	}{
		"one":         {func(_ *testing.T, w *record.Writer) { w.Record(numbered("1")) }, 0, 1},
		"some":        {func(_ *testing.T, w *record.Writer) { w.Record(numbered("1")); w.Record(numbered("2")) }, 0, 2},
		"half a room": {func(_ *testing.T, w *record.Writer) { offerMany(w, 6) }, 6, 6},
		"one is required": {func(t *testing.T, w *record.Writer) {
			w.Record(numbered("1"))
			if err := w.Require(t.Context(), numbered("2")); err != nil {
				t.Error(err)
			}
		}, 2, 2},
		"one cannot be encoded": {func(t *testing.T, w *record.Writer) {
			w.Record(numbered("1"))
			r := decided(t, "off")
			r.Decision.Rules[0].Rule = nil
			if w.Record(r) {
				t.Error("a record that cannot be encoded was taken in")
			}
		}, 1, 1},
		"the end": {func(t *testing.T, w *record.Writer) {
			w.Record(numbered("1"))
			if err := w.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := record.NewWriter(io.Discard, record.Options{Queue: 10})
				w.Record(numbered("0"))
				synctest.Wait()
				if got := w.Counts().Written; got != 1 {
					t.Errorf("%d lines at once, want that before which nothing was written", got)
				}
				tc.offer(t, w)
				for _, step := range []struct {
					wait time.Duration
					want uint64
				}{{soon, tc.soon}, {later, tc.later}} {
					time.Sleep(step.wait)
					synctest.Wait()
					if got := w.Counts().Written - 1; got != step.want {
						t.Errorf("%d lines after %v, want %d", got, step.wait, step.want)
					}
				}
				if err := w.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

func offerMany(w *record.Writer, n int) {
	for range n {
		w.Record(numbered("1"))
	}
}

// TestRecordsAreReadAtOnce: what they refer to is used again.
func TestRecordsAreReadAtOnce(t *testing.T) {
	var out bytes.Buffer
	w := record.NewWriter(&out, record.Options{})
	r := numbered("1")
	w.Record(r)
	*r = *numbered("2")
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := ids(out.String()); got != "1" {
		t.Errorf("lines of %q, want of 1", got)
	}
}
