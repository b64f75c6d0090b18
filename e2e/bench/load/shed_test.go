package load

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestShed: what a server refuses for want of time is counted only where that is asked for, and is
// not all there is.
func TestShed(t *testing.T) {
	each := func(every int) []Loop {
		all := make([]Loop, 7)
		for i := range all {
			all[i] = func(n int) error {
				if n%every == 0 {
					return fmt.Errorf("check %d was %w", n, ErrShed)
				}
				return nil
			}
		}
		return all
	}
	limit := Limit{Time: time.Minute, Count: 100, Shed: true}
	if r, err := Closed(t.Context(), limit, each(4)); err != nil || r.Answers != 100 || r.Shed != 25 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := Closed(t.Context(), limit, each(1)); !errors.Is(err, ErrShed) {
		t.Error("nothing was decided:", err)
	}
	limit.Shed = false
	_, err := Closed(t.Context(), limit, each(1))
	if !errors.Is(err, ErrShed) || strings.Count(err.Error(), "check") != 3 || !strings.Contains(err.Error(), "and 4 more") {
		t.Error(err)
	}
}
