package extauthz

import (
	"context"

	"google.golang.org/grpc/mem"
)

// DecodesTwice is decodesTwice.
const DecodesTwice = decodesTwice

// Handle answers a check as a gRPC server does: from its bytes to those of the answer.
func (s *Server) Handle(ctx context.Context, wire []byte) []byte {
	answer, err := handle(s, ctx, func(v any) error { return Codec().Unmarshal(mem.BufferSlice{mem.SliceBuffer(wire)}, v) }, nil)
	if err != nil {
		panic(err)
	}
	data, err := Codec().Marshal(answer)
	if err != nil {
		panic(err)
	}
	return data.Materialize()
}

// Poisoned returns a server whose calls are overwritten when they are given back, so that whoever
// keeps a text of a request finds something else in it.
func Poisoned(c Config) *Server {
	s := New(c)
	s.calls.poison = func(c *call) {
		for _, used := range [...][]byte{c.question.buffer[:cap(c.question.buffer)], c.id[:], c.answer[:cap(c.answer)]} {
			for i := range used {
				used[i] = '?'
			}
		}
	}
	return s
}

// ReplyOf is an answer of these bytes.
func ReplyOf(answer []byte) any { return newReply(answer) }

// NoReply is no answer.
func NoReply() any { return (*reply)(nil) }

// Decide answers a check without what grpc-go needs around it: decode, decide and respond. It says
// whether the check was scanned.
func (s *Server) Decide(ctx context.Context, wire mem.BufferSlice) bool {
	c := s.calls.take()
	scanned := c.question.scan(wire)
	s.answer(ctx, c)
	s.calls.give(c)
	return scanned
}

// HandleMisread answers a check whose path was scanned as another.
func (s *Server) HandleMisread(ctx context.Context, wire []byte, path string) {
	c := s.calls.take()
	if !c.question.scan(mem.BufferSlice{mem.SliceBuffer(wire)}) {
		panic("left to generated code")
	}
	c.question.path = path
	s.answer(ctx, c)
	s.calls.give(c)
}

// Shed says whether a check that begins now is shed.
func (s *Server) Shed(ctx context.Context) bool {
	c := s.calls.take()
	defer s.calls.give(c)
	c.start = s.config.Now()
	return s.shed(ctx, c)
}
