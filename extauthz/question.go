package extauthz

import (
	"slices"
	"strings"
	"unsafe"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"

	"github.com/postern/postern/policy"
)

// A question is all that is read of a CheckRequest, however it was decoded. The zero question has
// no HTTP request and is denied.
//
// Its texts lie in its own buffer, which the next request overwrites: what outlives the check (a
// record, what is remembered of a credential) has to be a copy.
type question struct {
	http                                           bool // there is an HTTP request
	method, path, scheme, host, fragment, protocol string
	raw                                            bool // header_map was sent: every field by itself, as it was
	fields                                         []policy.Header
	source                                         string // the address of the peer; "" when there is none
	principal, certificate                         string // of the caller
	destination                                    string // the principal that Envoy has for itself

	buffer []byte
}

// maxKeptBytes and maxKeptFields bound what a question keeps for the next request: what is larger is rare.
const (
	maxKeptBytes  = 64 << 10
	maxKeptFields = 256
)

// fits says that the question is small enough to be kept for the next request.
func (q *question) fits() bool {
	return cap(q.buffer) <= maxKeptBytes && cap(q.fields) <= maxKeptFields
}

// clear makes q the zero question, but for its memory. What was in the buffer is not needed to be
// overwritten, and in a test it is: see poison.
func (q *question) clear() {
	clear(q.fields)
	*q = question{fields: q.fields[:0], buffer: q.buffer[:0]}
}

// text returns b, which is part of the buffer, as a string without a copy: the buffer does not change
// before the check is over.
func text(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// read fills the zero question from a decoded message, in memory of the message's own.
func (q *question) read(check *authv3.CheckRequest) {
	a := check.GetAttributes()
	source := a.GetSource()
	q.source = source.GetAddress().GetSocketAddress().GetAddress()
	q.principal, q.certificate = source.GetPrincipal(), source.GetCertificate()
	q.destination = a.GetDestination().GetPrincipal()
	http := a.GetRequest().GetHttp()
	if http == nil {
		return
	}
	q.http = true
	q.method, q.path, q.scheme, q.host = http.GetMethod(), http.GetPath(), http.GetScheme(), http.GetHost()
	q.fragment, q.protocol = http.GetFragment(), http.GetProtocol()
	if sent := http.GetHeaderMap(); sent != nil {
		q.raw = true
		for _, f := range sent.GetHeaders() {
			q.fields = append(q.fields, policy.Header{Name: f.GetKey(), Value: valueOf(f)})
		}
		return
	}
	for name, value := range http.GetHeaders() {
		q.fields = append(q.fields, policy.Header{Name: name, Value: value})
	}
	slices.SortFunc(q.fields, func(a, b policy.Header) int { return strings.Compare(a.Name, b.Name) })
}

func valueOf(f *corev3.HeaderValue) string {
	if len(f.GetRawValue()) > 0 {
		return string(f.GetRawValue())
	}
	return f.GetValue()
}
