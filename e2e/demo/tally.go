package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
)

// logLines is how much of each process's log is shown when something went wrong.
const logLines = 15

// A tally counts what was as expected and keeps what was not.
type tally struct {
	checked int
	wrong   []string
}

// check shows one line and counts it.
func (d *demo) check(ok bool, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	d.tally.note(ok, text)
	mark := d.in(green, "ok ")
	if !ok {
		mark = d.in(red, "NOT")
	}
	d.line("  %s  %s", mark, text)
}

// note counts without showing.
func (t *tally) note(ok bool, text string) {
	t.checked++
	if !ok {
		t.wrong = append(t.wrong, text)
	}
}

// conclude says how it went; failure is why the demo ended early, nil when it did not. Its error
// is the demo's.
func (d *demo) conclude(took time.Duration, failure error) error {
	t := d.tally
	if len(t.wrong) == 0 && failure == nil {
		d.line("\n%s", d.in(green, fmt.Sprintf("All %d as expected in %s", t.checked, seconds(took))))
		return nil
	}
	d.line("\n%s", d.in(red, fmt.Sprintf("%d of %d not as expected, after %s:", len(t.wrong), t.checked, seconds(took))))
	for _, w := range t.wrong {
		d.line("  %s", w)
	}
	d.printLogs()
	if failure != nil {
		return fmt.Errorf("could not go on: %w", failure)
	}
	return errors.New("not everything was as expected")
}

// printLogs shows the end of what each process logged.
func (d *demo) printLogs() {
	for _, p := range d.mesh.processes() {
		log := cmp.Or(strings.TrimRight(p.process.Log(), "\n"), "(nothing)")
		lines := strings.Split(log, "\n")
		lines = lines[max(0, len(lines)-logLines):]
		state := "still running"
		if p.process.Ended() {
			state = fmt.Sprintf("ended: %v", p.process.Err())
		}
		d.title(fmt.Sprintf("The end of the log of %s (%s)", p.name, state))
		d.line("%s", strings.Join(lines, "\n"))
	}
}
