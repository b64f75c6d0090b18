//go:build !linux

package main

// releaseProgram does nothing here.
func releaseProgram() error { return nil }
