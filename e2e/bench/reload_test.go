package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestReload: every edit comes into force, and the checks beside it are answered as they are expected.
func TestReload(t *testing.T) {
	b := newRunner(t)
	if err := b.reload(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if len(b.report.Reloads) != 2 || len(b.report.Memory) != 1 {
		t.Fatalf("%+v", b.report)
	}
	for _, c := range b.report.Reloads {
		if len(c.Effect) != 2 || len(c.With) != 2 || len(c.Without) != 2 || c.Most == 0 {
			t.Errorf("%+v", c)
		}
		for _, w := range append(c.With, c.Without...) {
			if w.CPU <= 0 || w.All.Answers == 0 || w.During.Answers == 0 || w.During.Answers > w.All.Answers || w.All.P99 < w.All.P50 {
				t.Errorf("%s: %+v", c.Name, w)
			}
		}
	}
	var out bytes.Buffer
	b.report.printReloads(&out)
	if !strings.Contains(out.String(), "every file") {
		t.Error(out.String())
	}
}

func TestQuantilesOf(t *testing.T) {
	var all []answered
	for i := range 1000 {
		all = append(all, answered{took: time.Duration(1000 - i)})
	}
	if got, want := quantilesOf(all), (quantiles{1000, 500, 990, 999}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := quantilesOf(nil); got != (quantiles{}) {
		t.Errorf("of nothing: %+v", got)
	}
}
