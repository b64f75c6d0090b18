package syntax

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/postern/postern/policy/syntax/tree"
)

// A TestRequest is what a request says. The zero value of a field is what was not named. Either
// GRPC is set, or Method and Path: none of them is checked, since a test may show what comes of
// one that is wrong.
type TestRequest struct {
	Position Position
	Method   Text
	Path     Text // with its query
	GRPC     Text // package.Service/Method
	Host     Text
	HTTP2    *bool
	Upgrade  Text
	Source   Text // an IP address
	ID       Text // a UUID
	Headers  *TestHeaders
}

// TestHeaders are all headers of a request. There may be none.
type TestHeaders struct {
	Position Position
	Fields   []TestHeader
}

// A TestHeader is a header and the values that it has, each sent on its own.
type TestHeader struct {
	Name   string // lower case
	Values []Text // at least one
}

// over fills what q does not name from base. Both may be nil.
func (q *TestRequest) over(base *TestRequest) *TestRequest {
	switch {
	case q == nil:
		return base
	case base == nil:
		return q
	}
	merged := *q
	first := func(to *Text, from Text) {
		if to.Value == "" {
			*to = from
		}
	}
	if q.GRPC.Value == "" {
		first(&merged.Method, base.Method)
		first(&merged.Path, base.Path)
	}
	if q.Method.Value == "" && q.Path.Value == "" {
		first(&merged.GRPC, base.GRPC)
	}
	first(&merged.Host, base.Host)
	first(&merged.Upgrade, base.Upgrade)
	first(&merged.Source, base.Source)
	first(&merged.ID, base.ID)
	if q.HTTP2 == nil {
		merged.HTTP2 = base.HTTP2
	}
	if q.Headers == nil {
		merged.Headers = base.Headers
	}
	return &merged
}

// callWord begins a request in one line that is a gRPC call.
const callWord = "grpc"

// testRequest reads "GET /path", "grpc package.Service/Method", or a mapping.
func (r *reader) testRequest(n *tree.Node) *TestRequest {
	switch {
	case n == nil:
		return nil
	case n.Kind != tree.Mapping:
		return r.requestLine(n)
	}
	o := r.object(n, testRequestShape)
	if o.get("grpc") != nil && (o.get("method") != nil || o.get("path") != nil) {
		r.fail(o.get("grpc"), "a gRPC call has its method and path already: leave out grpc, or both of them")
	}
	if len(n.Items) == 0 {
		r.fail(n, "this request names nothing: leave it out")
	}
	q := &TestRequest{
		Position: r.position(n),
		Method:   r.text(o.get("method"), nil),
		Path:     r.text(o.get("path"), nil),
		GRPC:     r.text(o.get("grpc"), checkGRPC),
		Host:     r.text(o.get("host"), nil),
		Upgrade:  r.text(o.get("upgrade"), nil),
		Source:   r.text(o.get("source"), checkAddress),
		ID:       r.text(o.get("id"), checkUUID),
		Headers:  r.testHeaders(o.get("headers")),
	}
	if http2 := o.get("http2"); http2 != nil {
		if value, ok := r.boolean(http2); ok {
			q.HTTP2 = &value
		}
	}
	return q
}

func (r *reader) requestLine(n *tree.Node) *TestRequest {
	t := r.text(n, checkLine)
	method, target, _ := strings.Cut(t.Value, " ")
	first, second := Text{r.keep(method), t.Position}, Text{r.keep(target), t.Position}
	switch {
	case t.Value == "":
		return nil
	case method == callWord:
		return &TestRequest{Position: t.Position, GRPC: second}
	default:
		return &TestRequest{Position: t.Position, Method: first, Path: second}
	}
}

func checkLine(s string) error {
	method, target, ok := strings.Cut(s, " ")
	switch {
	case !ok || method == "" || target == "":
		return errors.New("a request in one line is a method and a path: GET /orders/7, or grpc shop.v1.Payments/Charge")
	case method == callWord:
		return checkGRPC(target)
	}
	return nil
}

// checkGRPC takes the full name of a gRPC method.
func checkGRPC(s string) error {
	service, method, ok := strings.Cut(s, "/")
	if !ok || checkService(service) != nil || !isIdentifier(method) {
		return fmt.Errorf("%s is no gRPC call: write package.Service/Method, as in shop.v1.Payments/Charge", quote(s))
	}
	return nil
}

// checkAddress takes an address in its one spelling.
func checkAddress(s string) error {
	addr, err := netip.ParseAddr(s)
	switch {
	case err != nil || addr.Zone() != "":
		return fmt.Errorf("%s is no IP address", quote(s))
	case addr.Unmap().String() != s:
		return fmt.Errorf("write %s, the canonical spelling of this address", addr.Unmap())
	}
	return nil
}

// uuid is the form in which a request's id is taken from the request (RFC 9562 section 4).
var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func checkUUID(s string) error {
	if !uuid.MatchString(s) {
		return fmt.Errorf("%s is no UUID: another id is replaced on the way", quote(s))
	}
	return nil
}

func (r *reader) testHeaders(n *tree.Node) *TestHeaders {
	switch {
	case n == nil:
		return nil
	case n.Kind != tree.Mapping:
		r.fail(n, "expected headers (a mapping of names to values), found %s", found(n))
		return nil
	}
	h := &TestHeaders{Position: r.position(n)}
	for key, value := range n.Fields() {
		name := r.text(key, checkTestHeader)
		values := r.sent(value)
		if name.Value != "" && len(values) > 0 {
			h.Fields = append(h.Fields, TestHeader{name.Value, values})
		}
	}
	return h
}

// sent reads one value or several, of which one may be empty, and one may stand twice.
func (r *reader) sent(n *tree.Node) []Text {
	switch {
	case n.Kind == tree.Scalar && n.Quoted && n.Text == "":
		return []Text{{Position: r.position(n)}}
	case n.Kind != tree.List:
		return nonEmpty(r.text(n, checkHeaderValue))
	case len(n.Items) == 0:
		r.fail(n, "expected at least one value in this list")
	}
	var all []Text
	for i := range n.Items {
		if n.Items[i].Kind == tree.List {
			r.text(&n.Items[i], nil) // which says that it is none
			continue
		}
		all = append(all, r.sent(&n.Items[i])...)
	}
	return all
}

// checkTestHeader takes the headers that a request of a test can have: those that a rule can read.
func checkTestHeader(name string) error {
	switch name {
	case "authorization", "proxy-authorization", "cookie":
		return fmt.Errorf("%s holds credentials: name a user", name)
	case "host":
		return errors.New("host is a field of request")
	case "upgrade", "connection":
		return errors.New("an upgrade is a field of request: upgrade: websocket")
	case "x-forwarded-client-cert":
		return errors.New("x-forwarded-client-cert is for Envoy to say: name a caller")
	case "x-request-id":
		return errors.New("this header is a field of request: id")
	}
	if err := checkHeader(name); err != nil {
		return err
	}
	if looksLikeOurs(name) {
		return fmt.Errorf("a request with %s never passes: some servers would take it for a header of Postern's own", name)
	}
	return nil
}

// looksLikeOurs says that a name is one of Postern's own headers but for its hyphens.
func looksLikeOurs(name string) bool {
	const ours = "x-postern-"
	if len(name) < len(ours) {
		return false
	}
	for i := range len(ours) {
		alnum := isLower(name[i]) || isDigit(name[i])
		if ours[i] == '-' && alnum || ours[i] != '-' && name[i] != ours[i] {
			return false
		}
	}
	return true
}
