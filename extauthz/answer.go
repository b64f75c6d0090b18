package extauthz

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	rpc "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"

	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
)

// The headers that tell the upstream who was verified. No client can set them: each is either
// overwritten or removed on every request that is let through.
const (
	headerCaller    = "x-postern-caller"
	headerUser      = "x-postern-user"
	headerProvider  = "x-postern-provider"
	headerScopes    = "x-postern-scopes"
	headerAssertion = "x-postern-assertion"
)

var errNotASCII = errors.New("what was verified is not printable ASCII, which no header can hold")

// permission builds the answer to an allow. On error there is none, and its *reason.Error or
// Internal is why. It and refusal are the only places that build answers, but for what the codec
// has for an answer that does not marshal.
func permission(q *policy.Request, s *Snapshot) (*authv3.CheckResponse, error) {
	ok, err := identityHeaders(q, s)
	if err != nil {
		return nil, err
	}
	return &authv3.CheckResponse{
		Status:       &rpc.Status{Code: int32(codes.OK)},
		HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: ok},
	}, nil
}

// identityHeaders sets what there is to say and removes the rest: Envoy removes after it sets,
// so that a header in both would be gone. The workload is told in one way, by an assertion or by
// the others. It fails when a value is not printable ASCII, which neither Envoy nor the upstream
// would read as we mean it.
func identityHeaders(q *policy.Request, s *Snapshot) (*authv3.OkHttpResponse, error) {
	says := [...]struct{ name, value string }{
		{headerCaller, ""}, {headerUser, ""}, {headerProvider, ""}, {headerScopes, ""}, {headerAssertion, ""},
	}
	if s.Policy.Upstream().Asserts() {
		token, err := asserted(q, s)
		if err != nil {
			return nil, err
		}
		says[4].value = token
	} else {
		says[0].value = q.Caller.String()
		if u := q.Credential.User; !u.IsZero() {
			says[1].value, says[2].value = escaped(u.Subject), u.Provider
			says[3].value = strings.Join(u.Scopes, " ")
		}
	}
	ok := &authv3.OkHttpResponse{}
	for _, h := range says {
		if !printableASCII(h.value) {
			return nil, errNotASCII
		}
		if h.value == "" {
			ok.HeadersToRemove = append(ok.HeadersToRemove, h.name)
			continue
		}
		ok.Headers = append(ok.Headers, header(h.name, h.value))
	}
	return ok, nil
}

// refusal sets the status code first: without it Envoy would let the request in.
func refusal(q *policy.Request, d *policy.Decision) *authv3.CheckResponse {
	if d.Reason.Granted() {
		d.Reason = reason.Internal
	}
	status := d.Reason.Status()
	if status == http.StatusBadRequest && speaksGRPC(q) {
		status = http.StatusForbidden // Envoy makes grpc-status 7 of it, and 13 (internal) of 400
	}
	return &authv3.CheckResponse{
		Status: &rpc.Status{Code: int32(grpcCode(status))},
		HttpResponse: &authv3.CheckResponse_DeniedResponse{DeniedResponse: &authv3.DeniedHttpResponse{
			Status:  &typev3.HttpStatus{Code: typev3.StatusCode(status)},
			Headers: refusalHeaders(q, d, status),
			Body:    body(q, d, status),
		}},
	}
}

func refusalHeaders(q *policy.Request, d *policy.Decision, status int) []*corev3.HeaderValueOption {
	all := []*corev3.HeaderValueOption{
		header("content-type", "application/json"),
		header("cache-control", "no-store"),
	}
	switch status {
	case http.StatusUnauthorized:
		all = append(all, header("www-authenticate", challenge(q, d)))
	case http.StatusServiceUnavailable:
		all = append(all, header("retry-after", strconv.Itoa(max(d.RetryAfter, 1))))
	}
	return all
}

// challenge says by RFC 6750 section 3, and for a step-up by RFC 9470 section 3, what
// credential would do. error= is there only when one was sent.
func challenge(q *policy.Request, d *policy.Decision) string {
	const scheme = `Bearer realm="postern"`
	switch {
	case d.Reason == reason.StepUp:
		s := scheme + `, error="insufficient_user_authentication"`
		if acr := strings.Join(d.Challenge.ACR, " "); acr != "" && quotable(acr) {
			s += `, acr_values="` + acr + `"`
		}
		if age := d.Challenge.MaxAge; age > 0 {
			s += `, max_age="` + strconv.Itoa(int(age.Seconds())) + `"`
		}
		return s
	case q.Credential.Presented:
		return scheme + `, error="invalid_token"`
	default:
		return scheme
	}
}

// body is small JSON: what kind of refusal, why, and an id to ask the operator about.
func body(q *policy.Request, d *policy.Decision, status int) string {
	text, err := json.Marshal(struct {
		Error     string `json:"error"`
		Reason    string `json:"reason"`
		RequestID string `json:"request_id"`
	}{errorName(d.Reason, status), d.Reason.String(), q.ID})
	if err != nil {
		return ""
	}
	return string(text)
}

func errorName(why reason.Code, status int) string {
	switch {
	case why == reason.StepUp:
		return "insufficient_user_authentication"
	case status == http.StatusUnauthorized:
		return "unauthenticated"
	case why.Status() == http.StatusBadRequest:
		return "bad_request"
	case status == http.StatusServiceUnavailable:
		return "unavailable"
	default:
		return "forbidden"
	}
}

// grpcCode is never OK.
func grpcCode(status int) codes.Code {
	switch status {
	case http.StatusBadRequest:
		return codes.InvalidArgument
	case http.StatusUnauthorized:
		return codes.Unauthenticated
	case http.StatusServiceUnavailable:
		return codes.Unavailable
	default:
		return codes.PermissionDenied
	}
}

// speaksGRPC says that Envoy will answer in gRPC's terms, by Envoy's own rule: it is wider than
// what a route of a gRPC service takes for a call.
func speaksGRPC(q *policy.Request) bool {
	types := q.Headers.Values("content-type")
	return len(types) == 1 && (types[0] == "application/grpc" || strings.HasPrefix(types[0], "application/grpc+"))
}

func header(name, value string) *corev3.HeaderValueOption {
	return &corev3.HeaderValueOption{Header: &corev3.HeaderValue{Key: name, Value: value}}
}

// escaped writes what is not visible ASCII, and the per cent sign, as % and two hexadecimal
// digits: no two subjects look alike to the upstream, and none has bytes that a header cannot
// have or that are trimmed on the way.
func escaped(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '%' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func printableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// quotable says that s can stand in a quoted-string without escapes (RFC 9110 section 5.6.4).
func quotable(s string) bool { return printableASCII(s) && !strings.ContainsAny(s, `"\`) }
