package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

const (
	inFlight    = 16
	connections = 2
)

// A benchCase is one request, asked of one server again and again.
type benchCase struct {
	name   string
	server *server
	wire   []byte // the CheckRequest
	allow  bool   // what every answer must be
}

// A load is what came of one round.
type load struct{ cpu, p50, p99 time.Duration }

// run asks in a closed loop: 16 in flight on 2 connections, as Envoy's workers do.
func (c *benchCase) run(ctx context.Context, d time.Duration) (load, error) {
	var conns []*grpc.ClientConn
	for range connections {
		conn, err := grpc.NewClient("unix://"+c.server.socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return load{}, err
		}
		defer conn.Close()
		conns = append(conns, conn)
	}
	before, err := c.server.cpu()
	if err != nil {
		return load{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	times := make([][]time.Duration, inFlight)
	errs := make([]error, inFlight)
	var group sync.WaitGroup
	for i := range inFlight {
		group.Go(func() { times[i], errs[i] = c.loop(ctx, conns[i%connections]) })
	}
	group.Wait()
	after, err := c.server.cpu()
	all := slices.Sorted(slices.Values(slices.Concat(times...)))
	if err = errors.Join(err, errors.Join(errs...)); err != nil || len(all) == 0 {
		return load{}, errors.Join(err, fmt.Errorf("%d checks answered", len(all)))
	}
	return load{cpu: (after - before) / time.Duration(len(all)), p50: all[len(all)/2], p99: all[len(all)*99/100]}, nil
}

// loop asks one question after another until ctx is done, and checks every answer.
func (c *benchCase) loop(ctx context.Context, conn *grpc.ClientConn) ([]time.Duration, error) {
	var times []time.Duration
	for ctx.Err() == nil {
		var answer []byte
		start := time.Now()
		err := conn.Invoke(context.Background(), authv3.Authorization_Check_FullMethodName, &c.wire, &answer, grpc.ForceCodecV2(bytesCodec{}))
		if err != nil {
			return times, err
		}
		times = append(times, time.Since(start))
		if len(times)%1000 != 1 {
			continue
		}
		var r authv3.CheckResponse
		if err := proto.Unmarshal(answer, &r); err != nil {
			return times, err
		}
		if (r.GetStatus().GetCode() == 0) != c.allow {
			return times, fmt.Errorf("unexpected answer: %v", &r)
		}
	}
	return times, nil
}

// bytesCodec sends and receives bytes as they are, so that the client costs little.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" }

func (bytesCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}

func (bytesCodec) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}
