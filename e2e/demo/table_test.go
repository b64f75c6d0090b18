package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// TestWhateverDiffersIsSeen holds that no part of an outcome can be wrong unseen.
func TestWhateverDiffersIsSeen(t *testing.T) {
	e := example{status: 200, by: "orders", reason: "allowed", rule: "person-reads", user: "alice"}
	sound := func() outcome {
		return outcome{status: 200, by: "orders", record: record{Reason: "allowed", RuleName: "person-reads"}, saw: sight{User: "alice"}}
	}
	if got := e.differs(sound(), nil); got != "" {
		t.Errorf("the expected outcome differs: %s", got)
	}
	for what, change := range map[string]func(*outcome){
		"status":          func(o *outcome) { o.status = 403 },
		"decided by":      func(o *outcome) { o.by = "web" },
		"reason":          func(o *outcome) { o.record.Reason = "internal" },
		"rule":            func(o *outcome) { o.record.RuleName = "another" },
		"user at the app": func(o *outcome) { o.saw.User = "carol" },
	} {
		o := sound()
		change(&o)
		if got := e.differs(o, nil); !strings.HasPrefix(got, what+" ") {
			t.Errorf("%s: %q", what, got)
		}
	}
	if got := e.differs(sound(), errors.New("no answer")); got != "no answer" {
		t.Errorf("an error: %q", got)
	}
}

func TestExamplesAreSound(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range examples() {
		name := fmt.Sprint(e.who, e.send.to, e.send.line, e.send.header)
		if seen[name] {
			t.Errorf("twice: %s", name)
		}
		seen[name] = true
		if (e.status == 0) != (e.by == "Envoy") || e.reason == "" || (e.reason == "allowed") != (e.status == 200 || e.status == 201) {
			t.Errorf("%s: %+v contradicts itself", name, e)
		}
	}
	if n := len(seen); n < 20 {
		t.Errorf("only %d examples", n)
	}
}

func TestConclude(t *testing.T) {
	for name, tc := range map[string]struct {
		tally   tally
		failure error
		want    string
		fails   bool
	}{
		"all well":       {tally{checked: 3}, nil, "All 3 as expected in 1.5 s", false},
		"one is wrong":   {tally{checked: 3, wrong: []string{"this one"}}, nil, "1 of 3 not as expected, after 1.5 s:\n  this one", true},
		"it ended early": {tally{checked: 3}, errors.New("no Envoy"), "0 of 3 not as expected", true},
	} {
		var out strings.Builder
		d := &demo{screen: &screen{out: &out}, mesh: &mesh{}, tally: tc.tally}
		err := d.conclude(1500*time.Millisecond, tc.failure)
		if (err != nil) != tc.fails || !strings.Contains(out.String(), tc.want) {
			t.Errorf("%s: %v, %q", name, err, out.String())
		}
		if tc.failure != nil && !errors.Is(err, tc.failure) {
			t.Errorf("%s: %v is not because of %v", name, err, tc.failure)
		}
	}
}

func TestCheckCounts(t *testing.T) {
	d := &demo{screen: &screen{out: io.Discard}}
	d.check(true, "fine")
	d.check(false, "not %s", "fine")
	if d.tally.checked != 2 || len(d.tally.wrong) != 1 || d.tally.wrong[0] != "not fine" {
		t.Errorf("%+v", d.tally)
	}
}

// TestColourChangesNoText holds that a terminal sees the text that a pipe does.
func TestColourChangesNoText(t *testing.T) {
	all := examples()
	widths := widthsOf(all)
	for _, differs := range []string{"", "status"} {
		for _, e := range all {
			plain := row(widths, []string{e.who, e.send.to, e.send.line, statusText(e.status), statusText(e.status), e.by, e.reason, ""})
			painted := (&demo{screen: &screen{colour: true}}).paint(plain, widths, e, differs)
			if painted == plain || strip(painted) != plain {
				t.Errorf("%q became %q", plain, painted)
			}
		}
	}
}

// strip removes SGR sequences.
func strip(text string) string {
	for {
		before, rest, found := strings.Cut(text, "\x1b[")
		if !found {
			return text
		}
		_, after, _ := strings.Cut(rest, "m")
		text = before + after
	}
}
