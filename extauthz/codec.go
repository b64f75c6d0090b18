package extauthz

import (
	"fmt"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
)

// Codec is the server's codec: protobuf's, but quick with ext_authz and forgiving towards it. A
// check is read and an answer written without generated code where that can be, since that alone
// costs more than deciding. And grpc-go answers a message that does not parse with an RPC error,
// with which Envoy's failure_mode_allow lets the request in; one byte of an SNI that is not UTF-8 is
// enough. So a CheckRequest that does not parse reaches the handler as an empty one, which it
// denies, and what is no answer leaves as a bare refusal.
func Codec() encoding.CodecV2 { return codec{encoding.GetCodecV2(proto.Name)} }

type codec struct{ inner encoding.CodecV2 }

func (c codec) Name() string { return c.inner.Name() }

func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	q, ok := v.(*question)
	if !ok {
		return c.inner.Unmarshal(data, v)
	}
	if err := c.safely(func() error { return c.read(data, q) }); err != nil {
		q.clear()
	}
	return nil
}

// read scans the check, or leaves it to generated code.
func (c codec) read(data mem.BufferSlice, q *question) error {
	if q.scan(data) {
		return nil
	}
	q.clear()
	check := &authv3.CheckRequest{}
	if err := c.inner.Unmarshal(data, check); err != nil {
		return err
	}
	q.read(check)
	return nil
}

func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	r, ok := v.(*reply)
	if !ok {
		return c.inner.Marshal(v)
	}
	if r == nil || len(r.data) == 0 { // an empty answer would be an allow
		return mem.BufferSlice{mem.SliceBuffer(bareRefusal)}, nil
	}
	return r.slice[:], nil
}

// safely turns a panic into an error.
func (c codec) safely(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic of type %T", p)
		}
	}()
	return f()
}

// bareRefusal is the wire form of CheckResponse{status: {code: 7}} (PERMISSION_DENIED).
var bareRefusal = []byte{0x0a, 0x02, 0x08, 0x07}
