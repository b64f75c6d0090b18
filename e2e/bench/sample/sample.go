// Package sample does the little statistics that a benchmark on a noisy machine needs: the
// median of rounds, how far they lie apart, quantiles of many latencies, and ratios of rounds
// that ran next to each other.
package sample

import (
	"cmp"
	"slices"
)

// Number is what can be measured here: a count, a time, a ratio.
type Number interface {
	~int | ~int64 | ~float64
}

// A Summary is the median of some values, the least and the greatest. That of no values is
// zero.
type Summary[N Number] struct {
	Median N `json:"median"`
	Least  N `json:"least"`
	Most   N `json:"most"`
}

// Summarize returns the summary of values, in any order, which it leaves as they are. The
// median of an even number is the mean of the two in the middle.
func Summarize[N Number](values []N) Summary[N] {
	if len(values) == 0 {
		return Summary[N]{}
	}
	s := slices.Sorted(slices.Values(values))
	return Summary[N]{Median: middle(s), Least: s[0], Most: s[len(s)-1]}
}

func middle[N Number](sorted []N) N {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	low, high := sorted[n/2-1], sorted[n/2]
	return low + (high-low)/2
}

// Spread is the distance between the least and the greatest in parts of the median: 0.1 says
// that the rounds lie within a tenth of it. It is 0 where the median is.
func (s Summary[N]) Spread() float64 {
	if s.Median == 0 {
		return 0
	}
	return float64(s.Most-s.Least) / float64(s.Median)
}

// Quantile returns the smallest of sorted values that at least the part q of them does not
// exceed (the nearest rank): Quantile(v, 0.99) is the p99. It is zero for no values.
func Quantile[N cmp.Ordered](sorted []N, q float64) N {
	var none N
	if len(sorted) == 0 {
		return none
	}
	rank := int(q * float64(len(sorted)))
	if float64(rank) == q*float64(len(sorted)) {
		rank--
	}
	return sorted[min(max(rank, 0), len(sorted)-1)]
}

// Ratios returns value by value what is measured in parts of base, as many as both have. Rounds
// of one index ran beside each other, so what disturbed one is likely to have disturbed the
// other, and their ratio is steadier than either. A pair whose base is zero is left out.
func Ratios[N Number](measured, base []N) []float64 {
	var all []float64
	for i := range min(len(measured), len(base)) {
		if base[i] != 0 {
			all = append(all, float64(measured[i])/float64(base[i]))
		}
	}
	return all
}

// Differences returns value by value what is measured beyond base, as many as both have.
func Differences[N Number](measured, base []N) []N {
	var all []N
	for i := range min(len(measured), len(base)) {
		all = append(all, measured[i]-base[i])
	}
	return all
}
