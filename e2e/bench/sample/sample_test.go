package sample_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/postern/postern/e2e/bench/sample"
)

func TestSummarize(t *testing.T) {
	for _, c := range []struct {
		values []int
		want   sample.Summary[int]
		spread float64
	}{
		{nil, sample.Summary[int]{}, 0},
		{[]int{7}, sample.Summary[int]{Median: 7, Least: 7, Most: 7}, 0},
		{[]int{4, 2}, sample.Summary[int]{Median: 3, Least: 2, Most: 4}, 2.0 / 3},
		{[]int{9, 1, 4}, sample.Summary[int]{Median: 4, Least: 1, Most: 9}, 2},
		{[]int{8, 1, 2, 4}, sample.Summary[int]{Median: 3, Least: 1, Most: 8}, 7.0 / 3},
		{[]int{0, 0, 5}, sample.Summary[int]{Most: 5}, 0},
	} {
		before := slices.Clone(c.values)
		got := sample.Summarize(c.values)
		if got != c.want || got.Spread() != c.spread {
			t.Errorf("%v: %+v with spread %v, want %+v with %v", c.values, got, got.Spread(), c.want, c.spread)
		}
		if !slices.Equal(before, c.values) {
			t.Errorf("%v became %v", before, c.values)
		}
	}
}

func TestQuantile(t *testing.T) {
	hundred := make([]int, 100) // 1 to 100, so that the p-th percentile is p
	for i := range hundred {
		hundred[i] = i + 1
	}
	for _, c := range []struct {
		sorted []int
		q      float64
		want   int
	}{
		{nil, 0.5, 0},
		{[]int{3}, 0, 3}, {[]int{3}, 0.5, 3}, {[]int{3}, 1, 3},
		{[]int{1, 2}, 0.5, 1}, {[]int{1, 2, 3}, 0.5, 2},
		{hundred, 0, 1}, {hundred, 0.5, 50}, {hundred, 0.99, 99}, {hundred, 0.999, 100}, {hundred, 1, 100}, {hundred, 2, 100},
	} {
		if got := sample.Quantile(c.sorted, c.q); got != c.want {
			t.Errorf("%d values, %v: %d, want %d", len(c.sorted), c.q, got, c.want)
		}
	}
}

func TestPairsAreComparedOneByOne(t *testing.T) {
	measured, base := []time.Duration{10, 30, 8, 9}, []time.Duration{20, 20, 0}
	if got := sample.Ratios(measured, base); !slices.Equal(got, []float64{0.5, 1.5}) {
		t.Errorf("ratios %v", got)
	}
	if got := sample.Differences(measured, base); !slices.Equal(got, []time.Duration{-10, 10, 8}) {
		t.Errorf("differences %v", got)
	}
	if got := sample.Ratios(nil, base); got != nil {
		t.Errorf("ratios of nothing: %v", got)
	}
}

// The machine got slower during the second round. The ratios do not show it.
func Example() {
	ours := []time.Duration{40, 80, 41}
	theirs := []time.Duration{50, 100, 50}
	fmt.Printf("%+v\n", sample.Summarize(ours))
	fmt.Printf("%+v\n", sample.Summarize(sample.Ratios(ours, theirs)))
	// Output:
	// {Median:41ns Least:40ns Most:80ns}
	// {Median:0.8 Least:0.8 Most:0.82}
}
