package record_test

import (
	"context"
	"io"
	"runtime"
	"testing"

	"github.com/postern/postern/extauthz/record"
)

// BenchmarkRecord is how fast one writer keeps up: what is dropped is offered again.
func BenchmarkRecord(b *testing.B) {
	w := record.NewWriter(io.Discard, record.Options{})
	r := decided(b, "off")
	b.ReportAllocs()
	for b.Loop() {
		for !w.Record(r) {
			runtime.Gosched()
		}
	}
	if err := w.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkDropped is what a request pays when the queue is full.
func BenchmarkDropped(b *testing.B) {
	g := newGate()
	defer g.open()
	w := record.NewWriter(g, record.Options{Queue: 1})
	r := decided(b, "off")
	w.Record(r)
	<-g.entered
	w.Record(r)
	b.ReportAllocs()
	for b.Loop() {
		if w.Record(r) {
			b.Fatal("a full queue took a record in")
		}
	}
}

// BenchmarkRequire is the way there and back.
func BenchmarkRequire(b *testing.B) {
	w := record.NewWriter(io.Discard, record.Options{})
	r := decided(b, "off")
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Require(context.Background(), r); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}
