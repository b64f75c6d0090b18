package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/e2e/bench/sample"
	"github.com/postern/postern/e2e/bench/subject"
	"github.com/postern/postern/e2e/bench/usage"
	"github.com/postern/postern/e2e/bench/world"
)

// reloading is the part that measures what it costs to bring a changed policy into force under load.
const reloading = "reload"

// In a window the policy is changed when lead has passed, or not at all.
const (
	lead         = 100 * time.Millisecond
	pairsOfRound = 4 // of windows, with a change and without
)

// watching is how long Postern waits for more changes before it reads the directory (its constant
// quiet). That is no work.
const watching = 200 * time.Millisecond

// reloadTail is how long behind a reload the checks are still counted as its own: what it left is
// collected then.
const reloadTail = 100 * time.Millisecond

// A change is one kind of edit of the policy, and what came of it, window by window.
type change struct {
	Name    string          `json:"name"`
	Effect  []time.Duration `json:"effect_ns"` // from the last rename to the first answer by the new policy
	Most    int64           `json:"most"`      // resident bytes
	With    []window        `json:"with"`
	Without []window        `json:"without"`
	files   []string        // the one whose rules change last
}

// reload measures each kind of edit, with so many pairs of windows. Windows with and without one alternate.
func (b *runner) reload(ctx context.Context, pairs int) error {
	large, err := b.large(ctx)
	if err != nil {
		return err
	}
	steady, err := b.steady(large)
	if err != nil {
		return err
	}
	defer steady.close()
	defer b.progress("")
	if err := b.settle(ctx); err != nil {
		return err
	}
	for _, c := range b.changes() {
		if err := usage.ResetMost(large.PID()); err != nil {
			return err
		}
		say("a change of %s", c.Name)
		for n := range pairs {
			b.progress("bench: pair %d of %d ", n+1, pairs)
			if err := b.pair(ctx, large, steady, c, n); err != nil {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
		}
		b.progress("")
		if _, c.Most, err = usage.Memory(large.PID()); err != nil {
			return err
		}
		b.report.Reloads = append(b.report.Reloads, *c)
	}
	return b.remember(large)
}

// changes are the kinds of edits. The rules that are asked for stand in the middle (see World.Policies).
func (b *runner) changes() []*change {
	dir := filepath.Join(b.dir, "large")
	all, _ := filepath.Glob(filepath.Join(dir, "orders-*.yaml"))
	asked := slices.IndexFunc(all, func(file string) bool {
		text, err := os.ReadFile(file)
		return err == nil && strings.Contains(string(text), mtlsRule)
	})
	if asked < 0 {
		return nil
	}
	file := all[asked]
	return []*change{
		{Name: fmt.Sprintf("one of %d files", len(all)), files: []string{file}},
		{Name: "every file", files: append(slices.Delete(slices.Clone(all), asked, asked+1), file)},
	}
}

// pair is a window with an edit and one without, each first in turn.
func (b *runner) pair(ctx context.Context, s *subject.Subject, l *steady, c *change, n int) error {
	edit := func() error {
		took, w, err := l.edited(ctx, s, func() error { return c.edit(n) })
		c.With, c.Effect = append(c.With, w), append(c.Effect, took)
		return err
	}
	still := func() error {
		w, err := l.still(ctx, s, c.typical())
		c.Without = append(c.Without, w)
		return err
	}
	first, second := edit, still
	if n%2 == 1 {
		first, second = still, edit
	}
	if err := first(); err != nil {
		return err
	}
	return second()
}

// typical is how long a change usually takes to come into force.
func (c *change) typical() time.Duration {
	if len(c.Effect) == 0 {
		return watching
	}
	return sample.Summarize(c.Effect).Median
}

// The rule that an edit changes: Other is named in it, or is not.
const (
	mtlsRule  = "path: \"/mtls/orders/{id}\"}\n    allow: [{callers: ["
	withOther = mtlsRule + world.Other + ", "
)

// edit replaces the files by rename: each has another comment, and the last allows Other what it did
// not, or the other way round.
func (c *change) edit(n int) error {
	for i, file := range c.files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		next, _, _ := strings.Cut(string(text), "# edit ")
		if i == len(c.files)-1 {
			if with := strings.Replace(next, mtlsRule, withOther, 1); !strings.Contains(next, withOther) {
				next = with
			} else {
				next = strings.Replace(next, withOther, mtlsRule, 1)
			}
		}
		beside := filepath.Join(filepath.Dir(file), ".edit")
		if err := os.WriteFile(beside, fmt.Appendf(nil, "%s# edit %d\n", next, n), 0o600); err != nil {
			return err
		}
		if err := os.Rename(beside, file); err != nil {
			return err
		}
	}
	return nil
}
