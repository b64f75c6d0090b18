// Package socket is the way of checks to the sidecar and back.
package socket

import "net"

// Direct returns a listener whose connections read and write their sockets without telling Go's
// scheduler. The sockets are non-blocking, so that no call waits; but for a call that it is told of, the
// scheduler wakes a thread that looks for calls which do. With one check in flight that was a fifth of
// what a check cost, with many a seventh. Other connections than those of package net, and other systems
// than Linux, are left as they are.
func Direct(l net.Listener) net.Listener { return newDirect(l) }
