package syntax

import (
	"strconv"
	"strings"
)

// Nearest returns the word that somebody who wrote this may have meant: the one that differs in the
// fewest letters, or "" when none is near. Case, "-" and "_" do not count.
func Nearest(written string, words []string) string {
	best, distance := "", len(written)/3+1
	if len(written) > 64 {
		return ""
	}
	written = plainLetters(written)
	for _, word := range words {
		if d := edits(written, plainLetters(word)); d < distance && d < len(word) {
			best, distance = word, d
		}
	}
	return best
}

// joints are what other grammars spell words with: max_age, max-age.
var joints = strings.NewReplacer("_", "", "-", "")

// plainLetters takes out what two spellings of a word differ in: max_age, max-age, MaxAge.
func plainLetters(s string) string { return strings.ToLower(joints.Replace(s)) }

// edits counts the letters that are missing, too many, wrong or swapped with the next (the
// optimal string alignment distance).
func edits(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := before
		before, row = row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			row[j+1] = min(before[j+1], row[j]) + 1
			switch {
			case a[i] == b[j]:
				row[j+1] = min(row[j+1], before[j])
			default:
				row[j+1] = min(row[j+1], before[j]+1)
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], last[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

// shorten keeps an error short.
func shorten(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "") + "…"
	}
	return s
}

// quote shows a string from a document in an error.
func quote(s string) string { return strconv.Quote(shorten(s)) }
