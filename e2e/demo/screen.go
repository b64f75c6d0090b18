package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// A screen is where the demo is shown: in colour on a terminal, plain in a pipe or where
// NO_COLOR asks for it (no-color.org).
type screen struct {
	out    io.Writer
	colour bool
}

func newScreen(out *os.File) *screen {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &screen{out, terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// The colours, as parameters of SGR (ECMA-48 section 8.3.117).
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (s *screen) in(colour, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

func (s *screen) line(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

func (s *screen) title(text string) { s.line("\n%s", s.in(bold, text)) }

// step does something that may take a while. What takes seconds shows a dot for each.
func (s *screen) step(what string, do func() error) error {
	fmt.Fprintf(s.out, "  %s ", what)
	done := make(chan error, 1)
	begun := time.Now()
	go func() { done <- do() }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			fmt.Fprint(s.out, ".")
		case err := <-done:
			if err != nil {
				s.line(" %s", s.in(red, "failed"))
				return fmt.Errorf("%s: %w", what, err)
			}
			s.line(" %s", s.in(dim, seconds(time.Since(begun))))
			return nil
		}
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func millis(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
