//go:build !linux

package main

import (
	"errors"

	"github.com/postern/postern/e2e/bench/subject"
)

// onOneCore is an error: a process can be held to one core on Linux only.
func (b *runner) onOneCore(func() (*subject.Subject, error)) (*subject.Subject, error) {
	return nil, errors.New("a process can be held to one core on Linux only")
}
