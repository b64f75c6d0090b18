//go:build !linux

package usage

import "time"

// CPU is ErrUnsupported.
func CPU(int) (time.Duration, error) { return 0, ErrUnsupported }
