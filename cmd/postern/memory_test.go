package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// TestGarbageIsTuned after each collection, to more where little is in use.
func TestGarbageIsTuned(t *testing.T) {
	before := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	percent := func() int {
		now := debug.SetGCPercent(100)
		debug.SetGCPercent(now)
		return now
	}
	t.Setenv("GOGC", "100")
	tuneGarbage()
	if now := percent(); now != 100 {
		t.Fatalf("GOGC is set, and was changed to %d", now)
	}
	if err := os.Unsetenv("GOGC"); err != nil {
		t.Fatal(err)
	}
	tuneGarbage()
	little := percent()
	if little <= 100 || little > mostGarbage {
		t.Errorf("with little in use: %d", little)
	}
	much := make([]byte, 2*garbage)
	for deadline := time.Now().Add(20 * time.Second); percent() >= little || percent() < 100; {
		if time.Now().After(deadline) {
			t.Fatalf("with much in use: %d", percent())
		}
		runtime.GC()
	}
	runtime.KeepAlive(much)
}

// TestTheProgramGoesOn without the memory of its start.
func TestTheProgramGoesOn(t *testing.T) {
	for range 3 {
		if err := releaseProgram(); err != nil {
			t.Fatal(err)
		}
	}
}
