package extauthz

import (
	"fmt"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
)

// Codec is the server's codec: protobuf's, but forgiving towards ext_authz. grpc-go answers a
// message that does not parse, or an answer that cannot be marshalled, with an RPC error, and
// Envoy's failure_mode_allow lets such a request in; one byte of an SNI that is not UTF-8 is
// enough. So a CheckRequest that does not parse reaches the handler as an empty one, which it
// denies, and an answer that does not marshal leaves as a bare refusal.
func Codec() encoding.CodecV2 { return codec{encoding.GetCodecV2(proto.Name)} }

type codec struct{ inner encoding.CodecV2 }

func (c codec) Name() string { return c.inner.Name() }

func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	check, ok := v.(*authv3.CheckRequest)
	if !ok {
		return c.inner.Unmarshal(data, v)
	}
	if err := c.safely(func() error { return c.inner.Unmarshal(data, v) }); err != nil {
		check.Reset()
	}
	return nil
}

func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if _, ok := v.(*authv3.CheckResponse); !ok {
		return c.inner.Marshal(v)
	}
	var data mem.BufferSlice
	err := c.safely(func() (err error) { data, err = c.inner.Marshal(v); return err })
	if err != nil || len(data) == 0 || data.Len() == 0 { // an empty answer would be an allow
		return mem.BufferSlice{mem.SliceBuffer(bareRefusal)}, nil //nolint:nilerr // an error would be an allow in Envoy
	}
	return data, nil
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
