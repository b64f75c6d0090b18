package record_test

import (
	"context"
	"io"
	"testing"

	"github.com/postern/postern/extauthz/record"
)

// BenchmarkRecord is what a request pays, and beside it on another core what the writer does.
func BenchmarkRecord(b *testing.B) {
	w := record.NewWriter(io.Discard, record.Options{})
	r := decided(b, "off")
	b.ReportAllocs()
	for b.Loop() {
		w.Record(r)
	}
	b.ReportMetric(float64(w.Counts().Dropped)/float64(b.N), "dropped/op")
	if err := w.Close(context.Background()); err != nil {
		b.Fatal(err)
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
