package extauthz

import (
	"crypto/rand"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
)

// maxHeaders is well above the 100 that Envoy lets through unless it is told otherwise.
const maxHeaders = 1024

// canonical reads a check into a request that every parser reads the same way. On error the
// request holds what was canonical, for the record and the answer.
func canonical(check *authv3.CheckRequest, at time.Time) (policy.Request, error) {
	q := policy.Request{Time: at}
	http := check.GetAttributes().GetRequest().GetHttp()
	if http == nil {
		q.ID = newID()
		return q, reason.Errorf(reason.BadRequest, "the check has no HTTP request: it did not parse, or something is misconfigured")
	}
	q.HTTP2 = http.GetProtocol() == "HTTP/2"
	q.Source = sourceOf(check)
	shown, err := readHeaders(&q, http)
	q.ID = requestID(q.Headers)
	if err != nil {
		return q, err
	}
	for _, read := range []func(*policy.Request, *httpRequest) error{readMethod, readHost, readPath, readUpgrade} {
		if err := read(&q, http); err != nil {
			return q, err
		}
	}
	return q, sameBytes(http.GetPath(), shown)
}

type httpRequest = authv3.AttributeContext_HttpRequest

func readMethod(q *policy.Request, http *httpRequest) (err error) {
	if q.Method, err = policy.ParseMethod(http.GetMethod()); err != nil {
		return &reason.Error{Code: reason.BadMethod, Cause: err}
	}
	if http.GetMethod() == "CONNECT" {
		return reason.Errorf(reason.BadUpgrade, "CONNECT is never granted")
	}
	return nil
}

func readHost(q *policy.Request, http *httpRequest) (err error) {
	if q.Host, err = policy.ParseHost(http.GetHost()); err != nil {
		return &reason.Error{Code: reason.BadHost, Cause: err}
	}
	return nil
}

func readPath(q *policy.Request, http *httpRequest) (err error) {
	if http.GetFragment() != "" {
		return reason.Errorf(reason.BadPath, "a request has no fragment")
	}
	if q.Path, err = policy.ParsePath(http.GetPath()); err != nil {
		return &reason.Error{Code: reason.BadPath, Cause: err}
	}
	return nil
}

// readUpgrade finds the protocol that the request asks to switch to.
func readUpgrade(q *policy.Request, _ *httpRequest) error {
	asked := q.Headers.Values("upgrade")
	switch {
	case len(asked) == 0:
		return nil
	case len(asked) > 1 || !identity.IsToken(asked[0]):
		return reason.Errorf(reason.BadUpgrade, "upgrade names no protocol, or more than one")
	case slices.ContainsFunc(q.Headers.Values("connection"), namesHeaders):
		return reason.Errorf(reason.BadUpgrade, "connection names headers: Envoy forwards it with an upgrade, and an upstream may drop them")
	}
	q.Upgrade = strings.ToLower(asked[0])
	return nil
}

// namesHeaders says that a connection header lists more than what an upgrade needs.
func namesHeaders(connection string) bool {
	for option := range strings.SplitSeq(strings.ToLower(connection), ",") {
		switch strings.Trim(option, " \t") {
		case "", "upgrade", "keep-alive":
		default:
			return true
		}
	}
	return false
}

// ours is how the headers begin that tell the upstream who was verified.
const ours = "x-postern-"

// looksLikeOurs says that a server that reads every sign in a header's name as a hyphen or an
// underscore, as CGI does, would take the header for one of ours.
func looksLikeOurs(name string) bool {
	if strings.HasPrefix(name, ours) || len(name) < len(ours) {
		return false
	}
	for i := range len(ours) {
		alnum := 'a' <= name[i] && name[i] <= 'z' || '0' <= name[i] && name[i] <= '9'
		if ours[i] == '-' && alnum || ours[i] != '-' && name[i] != ours[i] {
			return false
		}
	}
	return true
}

// readHeaders reads either of Envoy's encodings. The pseudo-headers are left out, since the
// typed fields speak for them, but for the :path of the raw encoding, which is returned.
func readHeaders(q *policy.Request, http *httpRequest) (path []string, _ error) {
	isRaw := http.GetHeaderMap() != nil
	n := len(http.GetHeaders())
	if isRaw {
		n = len(http.GetHeaderMap().GetHeaders())
	}
	if n > maxHeaders {
		return nil, reason.Errorf(reason.BadHeader, "%d header fields are more than %d", n, maxHeaders)
	}
	bad := 0
	fields := make([]policy.Header, 0, n)
	for name, value := range pairs(http, isRaw) {
		switch {
		case isRaw && name == ":path":
			path = append(path, value)
		case strings.HasPrefix(name, ":"):
		case !identity.IsToken(name) || strings.ToLower(name) != name || looksLikeOurs(name):
			bad++
		default:
			fields = append(fields, policy.Header{Name: name, Value: value})
		}
	}
	q.Headers = policy.NewHeaders(fields, !isRaw)
	if bad > 0 {
		return nil, reason.Errorf(reason.BadHeader, "%d header fields have a name that is no lower-case token, or that some servers would take for one of ours", bad)
	}
	return path, nil
}

// sameBytes makes sure that Envoy shows the path that it forwards. It shows ! for a byte that
// is not UTF-8, but for the :path of the raw encoding.
func sameBytes(path string, shown []string) error {
	switch {
	case len(shown) == 0 && strings.Contains(path, "!"):
		return reason.Errorf(reason.BadEncoding, "the path has a !, which may stand for other bytes: set encode_raw_headers in Envoy")
	case len(shown) > 1 || len(shown) == 1 && shown[0] != path:
		return reason.Errorf(reason.BadEncoding, "the path is not the :path that the upstream receives")
	}
	return nil
}

// pairs yields the header fields of the encoding in use. Of the two, Envoy fills one.
func pairs(http *httpRequest, isRaw bool) func(func(name, value string) bool) {
	return func(yield func(name, value string) bool) {
		if !isRaw {
			for name, value := range http.GetHeaders() {
				if !yield(name, value) {
					return
				}
			}
			return
		}
		for _, f := range http.GetHeaderMap().GetHeaders() {
			if !yield(f.GetKey(), valueOf(f)) {
				return
			}
		}
	}
}

func valueOf(f *corev3.HeaderValue) string {
	if len(f.GetRawValue()) > 0 {
		return string(f.GetRawValue())
	}
	return f.GetValue()
}

func sourceOf(check *authv3.CheckRequest) netip.Addr {
	text := check.GetAttributes().GetSource().GetAddress().GetSocketAddress().GetAddress()
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return addr
}

// requestID returns x-request-id when it is one UUID, so that the record can be joined with
// Envoy's access log, and else an id of our own.
func requestID(h policy.Headers) string {
	if ids := h.Values("x-request-id"); len(ids) == 1 && isUUID(ids[0]) {
		return ids[0]
	}
	return newID()
}

// newID returns a random UUID (RFC 9562 section 5.4).
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails since Go 1.24
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		hex := '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
		if hyphen != (c == '-') || !hyphen && !hex {
			return false
		}
	}
	return true
}
