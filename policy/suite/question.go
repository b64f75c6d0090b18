package suite

import (
	"math/big"
	"net/netip"
	"strings"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// What a request has where neither the test nor its document says otherwise.
const (
	DefaultHost = "host.invalid"
	defaultID   = "00000000-0000-4000-8000-000000000000"
)

// DefaultTime returns the time of a request where neither the test nor its document names one. It
// is always the same, so that no test passes on one day and fails on another.
func DefaultTime() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// A question is a request as the sidecar would have read it, but for the credential.
type question struct {
	request policy.Request
	refused error          // why it is not canonical, a *reason.Error; then it was read as far as that
	user    *identity.User // who was proven; nil for nobody and for a bad credential
	bad     badCredential
}

// A badCredential is one that was found and is refused. The zero badCredential is none.
type badCredential struct {
	why      reason.Code
	provider string // whose it is; "": that of whoever looks
}

// question makes the request of a row. The error is a fault of the test.
func (s *Suite) question(p *syntax.PolicyTest, in *syntax.Case) (question, error) {
	q := question{request: policy.Request{Time: timeOf(p, in), ID: defaultID}}
	q.refused = fill(&q.request, in.Request, p.Host.Value)
	var faults syntax.Errors
	var err error
	q.request.Caller, err = callerOf(in.Caller)
	faults.Add(err)
	q.user, q.bad, err = s.credential(in.User, q.request.Time)
	faults.Add(err)
	return q, faults.Err()
}

func timeOf(p *syntax.PolicyTest, in *syntax.Case) time.Time {
	switch {
	case !in.Time.IsZero():
		return in.Time
	case !p.Time.IsZero():
		return p.Time
	}
	return DefaultTime()
}

// fill reads a request as the sidecar reads one: the error is the reason for which it refuses.
func fill(q *policy.Request, from *syntax.TestRequest, host string) error {
	method, target := from.Method.Value, from.Path.Value
	if from.GRPC.Value != "" {
		method, target, q.HTTP2 = "POST", "/"+from.GRPC.Value, true
	}
	if from.HTTP2 != nil {
		q.HTTP2 = *from.HTTP2
	}
	if from.ID.Value != "" {
		q.ID = from.ID.Value
	}
	q.Headers = policy.NewHeaders(fieldsOf(from), false)
	q.Source, _ = netip.ParseAddr(from.Source.Value) // checked, or absent and unknown
	if from.Host.Value != "" {
		host = from.Host.Value
	}
	if host == "" {
		host = DefaultHost
	}
	return canonical(q, method, host, target, from.Upgrade.Value)
}

// fieldsOf returns the header fields of a request, those included that other fields say.
func fieldsOf(from *syntax.TestRequest) []policy.Header {
	var fields []policy.Header
	typed := false
	if from.Headers != nil {
		for _, h := range from.Headers.Fields {
			typed = typed || h.Name == "content-type"
			for _, v := range h.Values {
				fields = append(fields, policy.Header{Name: h.Name, Value: v.Value})
			}
		}
	}
	if from.GRPC.Value != "" && !typed {
		fields = append(fields, policy.Header{Name: "content-type", Value: "application/grpc"})
	}
	if from.Upgrade.Value != "" {
		fields = append(fields, policy.Header{Name: "connection", Value: "upgrade"}, policy.Header{Name: "upgrade", Value: from.Upgrade.Value})
	}
	if from.ID.Value != "" {
		fields = append(fields, policy.Header{Name: "x-request-id", Value: from.ID.Value})
	}
	return fields
}

// canonical parses in the order of the sidecar, so that the first thing that is wrong is the same.
func canonical(q *policy.Request, method, host, target, upgrade string) (err error) {
	if q.Method, err = policy.ParseMethod(method); err != nil {
		return &reason.Error{Code: reason.BadMethod, Cause: err}
	}
	if method == "CONNECT" {
		return reason.Errorf(reason.BadUpgrade, "CONNECT is never granted")
	}
	if q.Host, err = policy.ParseHost(host); err != nil {
		return &reason.Error{Code: reason.BadHost, Cause: err}
	}
	if q.Path, err = policy.ParsePath(target); err != nil {
		return &reason.Error{Code: reason.BadPath, Cause: err}
	}
	if upgrade != "" && !identity.IsToken(upgrade) {
		return reason.Errorf(reason.BadUpgrade, "upgrade names no protocol, or more than one")
	}
	q.Upgrade = strings.ToLower(upgrade)
	return nil
}

func callerOf(from *syntax.TestCaller) (identity.Caller, error) {
	if from == nil || from.ID.Value == "" {
		return identity.Caller{}, nil
	}
	id, err := spiffeid.FromString(from.ID.Value)
	if err != nil {
		return identity.Caller{}, &syntax.Error{Position: from.ID.Position, Message: err.Error()}
	}
	caller := identity.ProvenCaller(id, [32]byte{})
	if from.Serial.Value == "" {
		return caller, nil
	}
	serial, ok := new(big.Int).SetString(from.Serial.Value, 16)
	if !ok {
		return identity.Caller{}, &syntax.Error{Position: from.Serial.Position, Message: "this is no serial number"}
	}
	return caller.WithSerial(serial), nil
}
