package rotation_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/postern/postern/cmd/postern-dev/rotation"
)

var start = time.Unix(1_800_000_000, 0)

func at(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }

func TestRotation(t *testing.T) {
	ring := rotation.NewRing("a")
	if err := ring.Add("b", start, 10*time.Minute, 5*time.Minute); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		minute    int
		current   string
		published []string
		next      int // 0: nothing is planned
	}{
		{0, "a", []string{"a", "b"}, 10},
		{9, "a", []string{"a", "b"}, 10},
		{10, "b", []string{"a", "b"}, 15},
		{14, "b", []string{"a", "b"}, 15},
		{15, "b", []string{"b"}, 0},
		{1000, "b", []string{"b"}, 0},
	} {
		now := at(tc.minute)
		if got := ring.Current(now); got != tc.current {
			t.Errorf("minute %d: %s signs", tc.minute, got)
		}
		if got := ring.Published(now); !slices.Equal(got, tc.published) {
			t.Errorf("minute %d: published %v", tc.minute, got)
		}
		next, planned := ring.Next(now)
		if planned != (tc.next != 0) || planned && !next.Equal(at(tc.next)) {
			t.Errorf("minute %d: next %v, %v", tc.minute, next, planned)
		}
	}
}

func TestEmergencyDropsEverythingBefore(t *testing.T) {
	ring := rotation.NewRing("a")
	for _, value := range []string{"b", "c"} {
		if err := ring.Add(value, start, time.Hour, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if err := ring.Add("d", at(1), 0, 0); err != nil {
		t.Fatal(err)
	}
	if got := ring.Published(at(1)); !slices.Equal(got, []string{"d"}) {
		t.Errorf("published %v", got)
	}
	if got := ring.Current(at(120)); got != "d" {
		t.Errorf("an older one took over again: %s", got)
	}
}

// TestCurrentIsPublished holds through many overlapping rotations that nothing signs which no
// verifier knows, and that nothing planned is missed.
func TestCurrentIsPublished(t *testing.T) {
	ring := rotation.NewRing(0)
	now := start
	for i := 1; i < 500; i++ {
		lead, keep := time.Duration(i*7%90)*time.Second, time.Duration(i*13%120)*time.Second
		if err := ring.Add(i, now, lead, keep); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if current := ring.Current(now); !slices.Contains(ring.Published(now), current) {
				t.Fatalf("%v: %d signs unpublished", now, current)
			}
			next, planned := ring.Next(now)
			if !planned {
				break
			}
			if before := next.Add(-1); ring.Current(before) != ring.Current(now) || len(ring.Published(before)) != len(ring.Published(now)) {
				t.Fatalf("something changed between %v and %v", now, next)
			}
			now = next
		}
		now = now.Add(time.Minute)
	}
}

func TestLimits(t *testing.T) {
	ring := rotation.NewRing(0)
	for i := 1; i < rotation.Limit; i++ {
		if err := ring.Add(i, start, time.Minute, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if err := ring.Add(99, start, time.Minute, time.Minute); err == nil {
		t.Error("grew past the limit")
	}
	if err := ring.Add(99, at(2), 0, 0); err != nil {
		t.Errorf("what was withdrawn still counts: %v", err)
	}
	for _, d := range [][2]time.Duration{{-1, 0}, {0, -1}} {
		if err := ring.Add(1, at(3), d[0], d[1]); err == nil {
			t.Errorf("took lead %v and keep %v", d[0], d[1])
		}
	}
}

func ExampleRing() {
	ring := rotation.NewRing("old")
	if err := ring.Add("new", start, time.Minute, time.Hour); err != nil {
		fmt.Println(err)
	}
	fmt.Println(ring.Current(start), ring.Published(start))
	fmt.Println(ring.Current(at(1)), ring.Published(at(1)))
	fmt.Println(ring.Current(at(61)), ring.Published(at(61)))
	// Output:
	// old [old new]
	// new [old new]
	// new [new]
}
