package sds_test

import (
	"context"
	"io"
	"testing"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/postern/postern/deploy/sds"
	"github.com/postern/postern/identity/mint/minttest"
)

// A tape is a stream whose client says what is on it, and goes.
type tape struct {
	grpc.ServerStream
	ctx      context.Context
	requests []*discoveryv3.DiscoveryRequest
	answers  []*discoveryv3.DiscoveryResponse
}

func (s *tape) Context() context.Context { return s.ctx }

func (s *tape) Send(r *discoveryv3.DiscoveryResponse) error {
	s.answers = append(s.answers, r)
	return nil
}

func (s *tape) Recv() (*discoveryv3.DiscoveryRequest, error) {
	if len(s.requests) == 0 {
		return nil, io.EOF
	}
	r := s.requests[0]
	s.requests = s.requests[1:]
	return r, nil
}

// FuzzRequests: whatever a client says, each answer has only names that it asked for, each once.
func FuzzRequests(f *testing.F) {
	ask := func(r *discoveryv3.DiscoveryRequest) []byte {
		data, err := proto.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		return data
	}
	f.Add(ask(&discoveryv3.DiscoveryRequest{ResourceNames: []string{sds.Default, sds.All}}), ask(&discoveryv3.DiscoveryRequest{ResponseNonce: "1"}))
	f.Add(ask(&discoveryv3.DiscoveryRequest{ResourceNames: []string{"spiffe://gone.test", sds.RootCA}, VersionInfo: "v"}), []byte{})
	f.Add([]byte{}, ask(&discoveryv3.DiscoveryRequest{ResourceNames: []string{"spiffe://", "", "\x00"}, TypeUrl: secretType}))
	shop := minttest.CA(f, "shop.test")
	server, err := sds.New(sds.Config{})
	if err != nil {
		f.Fatal(err)
	}
	if err := server.Update(sds.State{Identity: identity(f, minttest.SVID(f, shop, orders)), Bundles: bundles(f, shop)}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		stream := &tape{ctx: t.Context()}
		asked := map[string]bool{}
		for _, data := range [][]byte{first, second} {
			r := &discoveryv3.DiscoveryRequest{}
			if proto.Unmarshal(data, r) != nil {
				return
			}
			stream.requests = append(stream.requests, r)
			for _, name := range r.GetResourceNames() {
				asked[name] = true
			}
		}
		_ = server.StreamSecrets(stream) // ends with the tape, or with an error
		for _, a := range stream.answers {
			if len(a.GetResources()) == 0 || len(a.GetResources()) > len(asked) || a.GetVersionInfo() == "" || a.GetNonce() == "" {
				t.Errorf("an answer with %d resources to %d names", len(a.GetResources()), len(asked))
			}
		}
	})
}
