// Package process runs a child process that cannot outlive the test: it dies with its parent,
// its output is kept (bounded) for the day the test fails, and a death nobody asked for is seen.
package process
