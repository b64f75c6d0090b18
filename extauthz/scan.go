package extauthz

import (
	"unicode/utf8"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/postern/postern/policy"
)

// This file reads a CheckRequest without making one: a message of generated code costs more than
// all that is decided about it. It knows the shape in which Envoy sends one and nothing else. Every
// other message, sound or not, is left to generated code: an unknown field, a field that comes
// twice, an unusual wire type, a text that is not UTF-8, one byte too few. So no message can mean
// one thing here and another there.

// scan fills the zero question from the bytes of a CheckRequest, of which it keeps no part. It is
// false when generated code has to read them; the question is then of no use.
func (q *question) scan(message mem.BufferSlice) bool {
	for _, part := range message {
		q.buffer = append(q.buffer, part.ReadOnlyData()...)
	}
	return fields(q.buffer, 0, func(f field) bool { return f.number == 1 && f.in(q.attributes) })
}

// A field is one of a message.
type field struct {
	number int
	varint bool
	bytes  []byte // unless it is a varint
}

// isText says that the field is a text that generated code would take.
func (f field) isText() bool { return !f.varint && utf8.Valid(f.bytes) }

// isEmpty says that the field is a message or a text without content.
func (f field) isEmpty() bool { return !f.varint && len(f.bytes) == 0 }

// in says that the field is a message of these fields.
func (f field) in(each func(field) bool) bool { return !f.varint && fields(f.bytes, 0, each) }

// into stores a text.
func (f field) into(s *string) bool {
	*s = text(f.bytes)
	return f.isText()
}

// maxField is the greatest number of a field that is known here; one byte says it with its type.
const maxField = 15

// fields calls each for every field of a message, and is true when the message is sound and each
// was true. No field may come twice but those in repeated, a bit each: of two, generated code takes
// the last or merges them.
func fields(message []byte, repeated uint32, each func(field) bool) bool {
	var seen uint32
	for len(message) > 0 {
		tag := message[0]
		f := field{number: int(tag >> 3), varint: protowire.Type(tag&7) == protowire.VarintType}
		if f.number < 1 || f.number > maxField || seen>>f.number&1 != 0 {
			return false
		}
		seen |= 1 << f.number &^ repeated
		n := -1
		switch protowire.Type(tag & 7) {
		case protowire.VarintType:
			_, n = protowire.ConsumeVarint(message[1:])
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(message[1:])
		default: // fixed numbers and groups: Envoy sends none
		}
		if n < 0 || !each(f) {
			return false
		}
		message = message[1+n:]
	}
	return true
}

// attributes reads envoy.service.auth.v3.AttributeContext.
func (q *question) attributes(f field) bool {
	switch f.number {
	case 1: // source
		return f.in(q.caller)
	case 2: // destination
		return f.in(q.self)
	case 4: // request
		return f.in(q.request)
	case 11, 13: // metadata_context, route_metadata_context: Envoy sends them empty
		return f.isEmpty()
	case 12: // tls_session
		return f.in(func(f field) bool { return f.number == 1 && f.isText() }) // sni
	}
	return false
}

// caller reads AttributeContext.Peer, of the one who calls.
func (q *question) caller(f field) bool {
	switch f.number {
	case 1: // address
		return f.in(func(f field) bool { return f.number == 1 && f.in(q.address) }) // socket_address
	case 2: // service
		return f.isText()
	case 4:
		return f.into(&q.principal)
	case 5:
		return f.into(&q.certificate)
	}
	return false
}

// self reads AttributeContext.Peer, of this Envoy.
func (q *question) self(f field) bool {
	switch f.number {
	case 1: // address
		return f.in(func(f field) bool { return f.number == 1 && f.in(ownAddress) }) // socket_address
	case 2, 5: // service, certificate
		return f.isText()
	case 4:
		return f.into(&q.destination)
	}
	return false
}

// ownAddress reads a SocketAddress that nobody asks for.
func ownAddress(f field) bool {
	if f.number == 2 {
		return f.isText()
	}
	return f.varint && (f.number == 1 || f.number == 3)
}

// address reads envoy.config.core.v3.SocketAddress.
func (q *question) address(f field) bool {
	switch f.number {
	case 1, 3: // protocol, port_value
		return f.varint
	case 2:
		return f.into(&q.source)
	}
	return false
}

// request reads AttributeContext.Request.
func (q *question) request(f field) bool {
	switch f.number {
	case 1: // time
		return f.in(func(f field) bool { return f.number <= 2 && f.varint })
	case 2:
		q.http = true
		return f.in(q.httpRequest)
	}
	return false
}

// httpRequest reads AttributeContext.HttpRequest. The joined encoding, a map, is for generated code.
func (q *question) httpRequest(f field) bool {
	switch f.number {
	case 1, 7: // id, query
		return f.isText()
	case 2:
		return f.into(&q.method)
	case 4:
		return f.into(&q.path)
	case 5:
		return f.into(&q.host)
	case 6:
		return f.into(&q.scheme)
	case 8:
		return f.into(&q.fragment)
	case 9: // size
		return f.varint
	case 10:
		return f.into(&q.protocol)
	case 13: // header_map
		q.raw = true
		return !f.varint && fields(f.bytes, 1<<1, func(f field) bool { return f.number == 1 && !f.varint && q.header(f.bytes) })
	}
	return false
}

// header reads envoy.config.core.v3.HeaderValue.
func (q *question) header(message []byte) bool {
	var h policy.Header
	ok := fields(message, 0, func(f field) bool {
		switch f.number {
		case 1:
			return f.into(&h.Name)
		case 2:
			return f.isEmpty() // value: Envoy sends raw_value in its place
		case 3:
			h.Value = text(f.bytes)
			return !f.varint
		}
		return false
	})
	q.fields = append(q.fields, h)
	return ok
}
