package extauthz

import (
	"slices"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/protobuf/proto"
)

// This file holds the scan against generated code: with the build tag e2e_twice, which the Postern
// of the e2e tests has, every check is decoded both ways.

// A misread is that the two ways of decoding differ, and in what. It is panicked with, so that the
// check is denied and the fault is logged. It holds nothing of the request.
type misread string

func (m misread) Error() string {
	return "the scan and generated code do not read the same: " + string(m)
}

// RuntimeError marks an error whose text may be logged.
func (misread) RuntimeError() {}

// mustReadTwice panics unless generated code reads the same from the bytes that were scanned.
func (q *question) mustReadTwice() {
	if len(q.buffer) == 0 {
		return // there are no bytes, or generated code has read them
	}
	var check authv3.CheckRequest
	if proto.Unmarshal(q.buffer, &check) != nil {
		panic(misread("generated code refuses it"))
	}
	var generated question
	generated.read(&check)
	if in := q.differs(&generated); in != "" {
		panic(misread(in))
	}
}

// differs names the first thing in which two questions differ; "" for none.
func (q *question) differs(from *question) string {
	for _, of := range [...]struct {
		name string
		same bool
	}{
		{"http", q.http == from.http},
		{"method", q.method == from.method},
		{"path", q.path == from.path},
		{"scheme", q.scheme == from.scheme},
		{"host", q.host == from.host},
		{"fragment", q.fragment == from.fragment},
		{"protocol", q.protocol == from.protocol},
		{"header_map", q.raw == from.raw},
		{"headers", slices.Equal(q.fields, from.fields)},
		{"source.address", q.source == from.source},
		{"source.principal", q.principal == from.principal},
		{"source.certificate", q.certificate == from.certificate},
		{"destination.principal", q.destination == from.destination},
	} {
		if !of.same {
			return of.name
		}
	}
	return ""
}
