package assertion_test

import "testing"

func BenchmarkSign(b *testing.B) {
	s := signer(b)
	c := claims()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Sign(c, now); err != nil {
			b.Fatal(err)
		}
	}
}
