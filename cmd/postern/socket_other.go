//go:build !linux

package main

import "net"

// direct is the listener as it is.
type direct struct{ net.Listener }
