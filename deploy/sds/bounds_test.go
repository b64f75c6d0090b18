package sds_test

import (
	"context"
	"strings"
	"testing"
	"time"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/postern/postern/deploy/sds"
	"github.com/postern/postern/identity/mint/minttest"
)

// TestWhatIsNotServed: each with what to do instead.
func TestWhatIsNotServed(t *testing.T) {
	w := serve(t, nil)
	c := w.client()
	if _, err := c.FetchSecrets(t.Context(), &discoveryv3.DiscoveryRequest{}); status.Code(err) != codes.Unimplemented || !strings.Contains(err.Error(), "StreamSecrets") {
		t.Errorf("FetchSecrets: %v", err)
	}
	delta, err := c.DeltaSecrets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := delta.Recv(); status.Code(err) != codes.Unimplemented || !strings.Contains(err.Error(), "StreamSecrets") {
		t.Errorf("DeltaSecrets: %v", err)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		request *discoveryv3.DiscoveryRequest
		code    codes.Code
		says    string
	}{
		"another type":   {&discoveryv3.DiscoveryRequest{TypeUrl: "type.googleapis.com/envoy.config.cluster.v3.Cluster"}, codes.InvalidArgument, "v3.Cluster"},
		"too many names": {&discoveryv3.DiscoveryRequest{ResourceNames: strings.Split(strings.Repeat("a,", 64)+"a", ",")}, codes.InvalidArgument, "at most 64"},
		"too long":       {&discoveryv3.DiscoveryRequest{ResourceNames: []string{strings.Repeat("a", 1<<20)}}, codes.ResourceExhausted, "larger than max"},
	} {
		stream, err := serve(t, nil).client().StreamSecrets(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Send(tc.request); err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); status.Code(err) != tc.code || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestManyStreams: 64 are served together, one more is not, and one that ends makes room.
func TestManyStreams(t *testing.T) {
	shop := minttest.CA(t, "shop.test")
	w := serve(t, nil)
	w.give(sds.State{Bundles: bundles(t, shop)})
	c := w.client()
	ctx, cancel := context.WithCancel(t.Context())
	for i := range 64 {
		at := ctx
		if i > 0 {
			at = t.Context()
		}
		stream, err := c.StreamSecrets(at)
		if err != nil {
			t.Fatal(err)
		}
		e := &envoy{t: t, stream: stream}
		e.ask(sds.All)
		e.take()
	}
	if n := w.Counts().Streams; n != 64 {
		t.Fatalf("%d streams", n)
	}
	more, err := w.client().StreamSecrets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := more.Recv(); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("the 65th: %v", err)
	}
	cancel()
	for deadline := time.Now().Add(time.Minute); w.Counts().Streams > 63; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a stream that ended is still there")
		}
	}
	w.open("", sds.All).take()
}

// TestStop ends streams so that Envoy asks again, one whose client reads nothing included.
func TestStop(t *testing.T) {
	shop := minttest.CA(t, "shop.test")
	w := serve(t, nil)
	w.give(sds.State{Bundles: bundles(t, shop)})
	e := w.open("", sds.All)
	e.take()
	w.open("", sds.All) // and reads nothing
	for deadline := time.Now().Add(time.Minute); w.Counts().Pushes < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no answer")
		}
	}
	w.stop()
	if _, err := e.stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("the stream ended with %v", err)
	}
	select {
	case err := <-w.ended:
		if err != nil {
			t.Errorf("Run returned %v", err)
		}
	case <-time.After(time.Minute): // it would wait for that client without end
		t.Fatal("Run did not return")
	}
	if n := w.Counts().Streams; n != 0 {
		t.Errorf("%d streams are left", n)
	}
}
