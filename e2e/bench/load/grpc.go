package load

import (
	"context"
	"errors"
	"fmt"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// A Checker asks a server directly, as Envoy's workers do.
type Checker struct{ conns []*grpc.ClientConn }

// Dial returns a Checker with so many connections to a Unix socket.
func Dial(socket string, connections int) (*Checker, error) {
	c := &Checker{}
	for range connections {
		conn, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithStaticStreamWindowSize(1<<20), grpc.WithStaticConnWindowSize(1<<22))
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		c.conns = append(c.conns, conn)
	}
	return c, nil
}

// Close ends the connections.
func (c *Checker) Close() error {
	var errs []error
	for _, conn := range c.conns {
		errs = append(errs, conn.Close())
	}
	return errors.Join(errs...)
}

// Loops returns so many that ask question(n), a CheckRequest on the wire, and expect that each
// answer allows or each denies. One that is unavailable where it is to allow is ErrShed.
func (c *Checker) Loops(count int, question func(n int) []byte, allow bool) []Loop {
	loops := make([]Loop, count)
	for i := range loops {
		conn := c.conns[i%len(c.conns)]
		loops[i] = func(n int) error {
			in := question(n)
			var answer []byte
			err := conn.Invoke(context.Background(), authv3.Authorization_Check_FullMethodName, &in, &answer, grpc.ForceCodecV2(bytesCodec{}))
			if err != nil {
				return err
			}
			code, err := status(answer)
			switch {
			case err != nil || (code == 0) == allow:
				return err
			case allow && codes.Code(code) == codes.Unavailable:
				return fmt.Errorf("check %d was %w: %q", n, ErrShed, answer)
			}
			return fmt.Errorf("check %d was answered with status %d: %q", n, code, answer)
		}
	}
	return loops
}

// status returns the code of a CheckResponse. Envoy takes a missing one for OK. Reading the rest
// would cost the benchmark what it measures others by.
func status(answer []byte) (int64, error) {
	inner, err := member(answer, 1, protowire.BytesType)
	if err != nil {
		return 0, fmt.Errorf("an answer that is none: %w", err)
	}
	message, _ := protowire.ConsumeBytes(inner)
	code, err := member(message, 1, protowire.VarintType)
	if err != nil {
		return 0, fmt.Errorf("a status that is none: %w", err)
	}
	n, _ := protowire.ConsumeVarint(code)
	return int64(n), nil
}

// member returns the last value of a field, nil when there is none.
func member(message []byte, number protowire.Number, kind protowire.Type) ([]byte, error) {
	var found []byte
	for len(message) > 0 {
		num, typ, n := protowire.ConsumeTag(message)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		message = message[n:]
		n = protowire.ConsumeFieldValue(num, typ, message)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		if num == number && typ == kind {
			found = message[:n]
		}
		message = message[n:]
	}
	return found, nil
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
