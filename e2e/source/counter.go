package source

import (
	"bytes"
	"fmt"
	"sync"
)

// A counter takes what "go build -v" writes, a line for each package that is begun, and keeps
// the end of it: that is where a build says why it failed.
type counter struct {
	mu    sync.Mutex
	lines int
	last  []byte
}

// Write is part of io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines += bytes.Count(p, []byte("\n"))
	c.last = append(c.last, p...)
	c.last = c.last[max(0, len(c.last)-4096):]
	return len(p), nil
}

// String says how far the build is.
func (c *counter) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("%d packages begun", c.lines)
}

func (c *counter) end() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.last)
}
