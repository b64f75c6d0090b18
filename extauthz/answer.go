package extauthz

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

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

// said is what the upstream learns in one header: a value, and what more stands in it, each after a space.
type said struct {
	name, value string
	more        []string
}

func (s *said) nothing() bool { return s.value == "" && len(s.more) == 0 }

var errNotASCII = errors.New("what was verified is not printable ASCII, which no header can hold")

// permit writes the answer to an allow. On error there is none, and its *reason.Error or Internal
// is why. It and refuse are the only places that write answers, but for what the codec has for what
// is none.
//
// It sets what there is to say and removes the rest: Envoy removes after it sets, so that a header
// in both would be gone. The workload is told in one way, by an assertion or by the others. It fails
// when a value is not printable ASCII, which neither Envoy nor the upstream would read as we mean it.
func (c *call) permit() error {
	says := [...]said{{name: headerCaller}, {name: headerUser}, {name: headerProvider}, {name: headerScopes}, {name: headerAssertion}}
	q := &c.request
	if c.snapshot.Policy.Upstream().Asserts() {
		token, err := asserted(q, c.snapshot)
		if err != nil {
			return err
		}
		says[4].value = token
	} else {
		says[0].value = q.Caller.String()
		if u := q.Credential.User; !u.IsZero() {
			says[1].value, says[2].value = escaped(u.Subject), u.Provider
			if len(u.Scopes) > 0 {
				says[3].value, says[3].more = u.Scopes[0], u.Scopes[1:]
			}
		}
	}
	for i := range says {
		if unprintable(says[i].value) || slices.ContainsFunc(says[i].more, unprintable) {
			return errNotASCII
		}
	}
	out := c.answer[:0]
	begin(&out, answerStatus) // a google.rpc.Status without fields is OK
	ok := begin(&out, answerOK)
	for i := range says {
		if !says[i].nothing() {
			out = appendHeader(out, says[i].name, says[i].value, says[i].more...)
		}
	}
	for i := range says {
		if says[i].nothing() {
			out = appendText(out, okRemove, says[i].name)
		}
	}
	c.answer = ok.end(out)
	return nil
}

// refuse writes a refusal. Without its status code Envoy would let the request in.
func (c *call) refuse() {
	q, d := &c.request, &c.decision
	if d.Reason.Granted() {
		d.Reason = reason.Internal
	}
	status := d.Reason.Status()
	if status == http.StatusBadRequest && speaksGRPC(q) {
		status = http.StatusForbidden // Envoy makes grpc-status 7 of it, and 13 (internal) of 400
	}
	out := c.answer[:0]
	code := begin(&out, answerStatus)
	out = code.end(appendNumber(out, statusCode, uint64(grpcCode(status))))
	denied := begin(&out, answerDenied)
	code = begin(&out, deniedStatus)
	out = code.end(appendNumber(out, statusCode, uint64(status)))
	out = appendHeader(out, "content-type", "application/json")
	out = appendHeader(out, "cache-control", "no-store")
	switch status {
	case http.StatusUnauthorized:
		out = appendHeader(out, "www-authenticate", challenge(q, d))
	case http.StatusServiceUnavailable:
		out = appendHeader(out, "retry-after", strconv.Itoa(max(d.RetryAfter, 1)))
	}
	body := begin(&out, deniedBody)
	out = body.end(appendBody(out, errorName(d.Reason, status), d.Reason.String(), q.ID))
	c.answer = denied.end(out)
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

// appendBody appends small JSON: what kind of refusal, why, and an id to ask the operator about. All
// three are of letters, digits, _ and -, so that nothing needs an escape.
func appendBody(out []byte, kind, why, id string) []byte {
	out = append(append(out, `{"error":"`...), kind...)
	out = append(append(out, `","reason":"`...), why...)
	out = append(append(out, `","request_id":"`...), id...)
	return append(out, `"}`...)
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
	sent, n := q.Headers.First("content-type")
	return n == 1 && (sent == "application/grpc" || strings.HasPrefix(sent, "application/grpc+"))
}

// escaped writes what is not visible ASCII, and the per cent sign, as % and two hexadecimal
// digits: no two subjects look alike to the upstream, and none has bytes that a header cannot
// have or that are trimmed on the way.
func escaped(s string) string {
	if visible(s) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; isVisible(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func visible(s string) bool {
	for i := range len(s) {
		if !isVisible(s[i]) {
			return false
		}
	}
	return true
}

// isVisible says that c stands for itself in what escaped writes.
func isVisible(c byte) bool { return c > ' ' && c <= '~' && c != '%' }

func printableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func unprintable(s string) bool { return !printableASCII(s) }

// quotable says that s can stand in a quoted-string without escapes (RFC 9110 section 5.6.4).
func quotable(s string) bool { return printableASCII(s) && !strings.ContainsAny(s, `"\`) }
