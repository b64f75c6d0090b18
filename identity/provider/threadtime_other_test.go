//go:build !linux

package provider_test

import "time"

// threadTime is known on Linux alone.
func threadTime() time.Duration { return 0 }
