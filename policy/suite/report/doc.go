// Package report prints the results of a suite: as text for a person, as JSON for a script and as
// JUnit's XML for a CI system. The same results are the same bytes: nothing in them is a duration
// or the time of day.
package report
