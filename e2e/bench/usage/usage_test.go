package usage

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func TestField(t *testing.T) {
	const status = "Name:\tpostern\nVmHWM:\t   20480 kB\nVmRSS:\t      12 kB\nVmSwap:\t 1 MB\nVmPTE:\t many kB\nVmLib:\t -1 kB\nVmExe:"
	for _, c := range []struct {
		name string
		want int64
		says string
	}{
		{"VmRSS", 12 << 10, ""},
		{"VmHWM", 20 << 20, ""},
		{"VmSwap", 0, "not in kB"},
		{"VmPTE", 0, "no number"},
		{"VmLib", 0, "no number"},
		{"VmExe", 0, "not in kB"},
		{"VmData", 0, "there is no VmData"},
	} {
		got, err := field(status, c.name)
		if got != c.want || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %d, %v; want %d, %q", c.name, got, err, c.want, c.says)
		}
	}
}

func TestModel(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "unknown processor",
		"processor\t: 0\n":         "unknown processor",
		"model name\t:\n":          "unknown processor",
		"model name\t: Fast One\n": "Fast One",
		"processor\t: 0\nmodel name\t: Fast One\n\nprocessor\t: 1\nmodel name\t: Other\n": "Fast One",
	} {
		if got := model(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := Machine(3); !strings.HasPrefix(got, "3 cores of ") {
		t.Error(got)
	}
}

func TestOurOwnUsage(t *testing.T) {
	before, err := CPU(os.Getpid())
	if errors.Is(err, ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	after := before
	for end := time.Now().Add(20 * time.Second); after == before && time.Now().Before(end); { // a busy loop uses CPU
		if after, err = CPU(os.Getpid()); err != nil {
			t.Fatal(err)
		}
	}
	if after <= before {
		t.Errorf("%v, then %v", before, after)
	}
	now, most, err := Memory(os.Getpid())
	if err != nil || now < 1<<20 || most < 1<<20 {
		t.Errorf("%d bytes now, %d at most, %v", now, most, err)
	}
}

func TestNoSuchProcess(t *testing.T) {
	const none = 1 << 23 // Linux allows no process more than 2^22
	if d, err := CPU(none); err == nil {
		t.Errorf("it used %v", d)
	}
	if n, _, err := Memory(none); err == nil {
		t.Errorf("it has %d bytes", n)
	}
}
