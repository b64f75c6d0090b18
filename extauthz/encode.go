package extauthz

import (
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// This file writes a CheckResponse without making one, for the reason that scan.go reads a
// CheckRequest so. A test compares each kind of answer with generated code's.

// The fields of an answer: envoy.service.auth.v3.CheckResponse and what is in it.
const (
	answerStatus  protowire.Number = 1 // google.rpc.Status
	answerDenied  protowire.Number = 2 // DeniedHttpResponse
	answerOK      protowire.Number = 3 // OkHttpResponse
	statusCode    protowire.Number = 1 // of google.rpc.Status and of envoy.type.v3.HttpStatus
	deniedStatus  protowire.Number = 1
	deniedBody    protowire.Number = 3
	headers       protowire.Number = 2 // of either response: envoy.config.core.v3.HeaderValueOption
	okRemove      protowire.Number = 5
	optionHeader  protowire.Number = 1 // envoy.config.core.v3.HeaderValue
	headerKey     protowire.Number = 1
	headerContent protowire.Number = 2
)

// A begun is a message whose length is not known yet: where its content starts.
type begun int

// begin appends the start of a field that is a message, without content as it is. What is appended
// then is its content, until end.
func begin(out *[]byte, n protowire.Number) begun {
	*out = append(protowire.AppendTag(*out, n, protowire.BytesType), 0)
	return begun(len(*out))
}

// end writes the length of the message, for which begin left room for one byte.
func (b begun) end(out []byte) []byte {
	size := len(out) - int(b)
	more := protowire.SizeVarint(uint64(size)) - 1
	for range more {
		out = append(out, 0)
	}
	if more > 0 {
		copy(out[int(b)+more:], out[b:int(b)+size])
	}
	protowire.AppendVarint(out[:b-1], uint64(size))
	return out
}

func appendText(out []byte, n protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(out, n, protowire.BytesType), s)
}

func appendNumber(out []byte, n protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(out, n, protowire.VarintType), v)
}

// appendHeader appends a header with a value, and with more after it, each after a space.
func appendHeader(out []byte, name, value string, more ...string) []byte {
	option := begin(&out, headers)
	header := begin(&out, optionHeader)
	out = appendText(out, headerKey, name)
	if value != "" || len(more) > 0 {
		content := begin(&out, headerContent)
		out = append(out, value...)
		for _, m := range more {
			out = append(append(out, ' '), m...)
		}
		out = content.end(out)
	}
	return option.end(header.end(out))
}

// A reply is an answer on its way to Envoy, in one piece of memory: nobody tells when grpc-go is
// done with it.
type reply struct {
	slice [1]mem.Buffer
	data  mem.SliceBuffer
	few   [256]byte
}

func newReply(answer []byte) *reply {
	r := &reply{}
	r.data = append(r.few[:0], answer...)
	r.slice[0] = &r.data
	return r
}
