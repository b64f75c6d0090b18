package extauthz_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
)

// BenchmarkCheck is one check, from its bytes to the bytes of the answer.
func BenchmarkCheck(b *testing.B) {
	w := newWorld(b)
	benchmarkCheck(b, w)
}

// BenchmarkCheckAsserted is the same for a workload that wants assertions: what it costs more is one
// signature for each allow.
func BenchmarkCheckAsserted(b *testing.B) {
	w := newWorld(b)
	w.assert(b, policies)
	benchmarkCheck(b, w)
}

func benchmarkCheck(b *testing.B, w *world) {
	for name, c := range map[string]*authv3.CheckRequest{
		"anyone": check(b, w, ""),
		"caller": check(b, w, web, setPath("/orders/1"), likeEnvoy),
		"deny":   check(b, w, orders, setPath("/orders/1"), likeEnvoy),
	} {
		b.Run(name, func(b *testing.B) {
			wire, err := proto.Marshal(c)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				w.Handle(b.Context(), wire)
				w.records = w.records[:0]
			}
		})
	}
}

// likeEnvoy fills the request up to the 25 header fields that a browser's has.
func likeEnvoy(a *authv3.AttributeContext) {
	for _, name := range []string{
		":authority", ":method", ":scheme", "accept", "accept-encoding", "accept-language", "cache-control", "cookie", "dnt", "origin", "referer",
		"sec-ch-ua", "sec-ch-ua-mobile", "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "user-agent", "x-a", "x-b", "x-c",
		"x-forwarded-for", "x-forwarded-proto", "x-request-id", "priority",
	} {
		addHeader(name, "some value of about forty bytes, as usual")(a)
	}
}
