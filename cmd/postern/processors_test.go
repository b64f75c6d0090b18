package main

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestProcessors: what is set, by what happens.
func TestProcessors(t *testing.T) {
	for name, tc := range map[string]struct {
		do   func(p *processors)
		want string
	}{
		"the start":           {func(*processors) {}, ""},
		"serving":             {serving, "one"},
		"long work":           {func(p *processors) { serving(p); p.hold()() }, "one all one"},
		"two at once":         {func(p *processors) { serving(p); a, b := p.hold(), p.hold(); a(); a(); b() }, "one all one"},
		"work at the start":   {func(p *processors) { release := p.hold(); serving(p); release() }, "one"},
		"load":                {func(p *processors) { serving(p); p.change(func() { p.busy = true }) }, "one all"},
		"load and work":       {func(p *processors) { serving(p); p.change(func() { p.busy = true }); p.hold()() }, "one all"},
		"the end":             {func(p *processors) { serving(p); p.change(func() { p.free = false }) }, "one all"},
		"the end, under load": {func(p *processors) { p.busy = true; serving(p); p.change(func() { p.free = false }) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var set []string
			p := &processors{one: func() { set = append(set, "one") }, all: func() { set = append(set, "all") }}
			tc.do(p)
			if got := strings.Join(set, " "); got != tc.want {
				t.Errorf("set %q, want %q", got, tc.want)
			}
		})
	}
}

func serving(p *processors) { p.change(func() { p.free = true }) }

// TestLoad: much load counts at once, little only when it lasts.
func TestLoad(t *testing.T) {
	for name, tc := range map[string]struct {
		parts string // of a processor in each look, in tenths
		want  string // whether one is not enough then
	}{
		"idle":                  {"000", "..."},
		"some":                  {"0777", "...."},
		"the first has no past": {"9000", "...."},
		"much":                  {"099", ".BB"},
		"a short rest":          {"09" + strings.Repeat("1", calmLooks-1) + "9", "." + strings.Repeat("B", calmLooks+1)},
		"a long rest":           {"09" + strings.Repeat("1", calmLooks), "." + strings.Repeat("B", calmLooks) + "."},
		"a rest with some load": {"09" + strings.Repeat("1", calmLooks-1) + "6" + strings.Repeat("1", calmLooks-1), "." + strings.Repeat("B", 2*calmLooks)},
	} {
		t.Run(name, func(t *testing.T) {
			l, busy := load{}, false
			now, used := time.Unix(1, 0), time.Duration(0)
			var got strings.Builder
			for _, part := range tc.parts {
				now, used = now.Add(lookAtLoad), used+lookAtLoad/10*time.Duration(part-'0')
				if busy = l.look(now, used, busy); busy {
					got.WriteByte('B')
				} else {
					got.WriteByte('.')
				}
			}
			if got.String() != tc.want {
				t.Errorf("%s, want %s", got.String(), tc.want)
			}
		})
	}
}

// TestProcessorsFollowTicks until they are done, and end with all.
func TestProcessorsFollowTicks(t *testing.T) {
	set := make(chan string, 10)
	used := time.Duration(0)
	p := &processors{one: func() { set <- "one" }, all: func() { set <- "all" }, used: func() time.Duration { used += lookAtLoad; return used }}
	done, ticks, ended := make(chan struct{}), make(chan time.Time), make(chan struct{})
	go func() { p.follow(done, ticks); close(ended) }()
	if got := <-set; got != "one" {
		t.Errorf("began with %s", got)
	}
	for i := range 2 {
		ticks <- time.Unix(1, 0).Add(time.Duration(i) * lookAtLoad)
	}
	if got := <-set; got != "all" {
		t.Errorf("%s under load", got)
	}
	close(done)
	<-ended
	if p.alone {
		t.Error("ended with one")
	}
}

// TestGOMAXPROCSIsKept where somebody sets it.
func TestGOMAXPROCSIsKept(t *testing.T) {
	t.Setenv("GOMAXPROCS", "3")
	before := runtime.GOMAXPROCS(2) // as if the runtime had read it
	defer runtime.GOMAXPROCS(before)
	p := newProcessors()
	serving(p)
	if got := runtime.GOMAXPROCS(0); got != 2 {
		t.Errorf("set to %d", got)
	}
	if used := p.used(); used <= 0 {
		t.Errorf("this process used %v", used)
	}
}
