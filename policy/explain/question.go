package explain

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/explain/curl"
	"github.com/postern/postern/policy/syntax"
)

// A Question is a request as a person writes it. The zero value of a field is what was not said;
// what Curl says as well, the other fields overrule.
type Question struct {
	Curl     string   // a command line of curl
	Method   string   // GET when nothing says otherwise
	Path     string   // with its query
	GRPC     string   // package.Service/Method, instead of Method and Path
	Host     string   // an authority
	Headers  []string // Name: value
	HTTP2    bool
	Upgrade  string
	Source   string // an IP address
	Caller   string // a SPIFFE ID
	At       time.Time
	User     string // PROVIDER/SUBJECT
	Client   string
	ACR      string
	KeyID    string
	Audience []string
	Scopes   []string
	Roles    []string
	AMR      []string
	Bound    string   // mtls
	Actors   []string // subjects of who acts for the user, the current one first
	Claims   []string // NAME=JSON
	AuthAge  *time.Duration
	TokenAge *time.Duration

	// Credential is the name of the reason for which the credential is refused that the request
	// has; User may then say whose it is, PROVIDER alone.
	Credential string
}

// The longest values of a question, in bytes, and how many there are of each kind.
const (
	maxValue  = 64 << 10
	maxValues = 1024
)

// An asked is a question that was read.
type asked struct {
	in      syntax.Case
	headers policy.Headers // all of them: the case has none of those that hold nothing but credentials
	named   bool           // the question itself says whose the credential is
	notes   []string
	refused reason.Code // why the sidecar refuses the headers; Internal when it does not
	why     string      // the same in words
}

// read reads a question. The error says what cannot be read, and the name of the flag that said it.
func (q Question) read() (asked, error) {
	a := asked{in: syntax.Case{Request: &syntax.TestRequest{}, Time: q.At}}
	if err := q.bounded(); err != nil {
		return a, err
	}
	var command curl.Request
	if q.Curl != "" {
		var err error
		if command, err = curl.Parse(q.Curl); err != nil {
			return a, fmt.Errorf("--curl:%w", err)
		}
		if command.Certificate {
			a.notes = append(a.notes, "curl would present a certificate: --caller says whose")
		}
	}
	for _, read := range []func(*asked, curl.Request) error{q.readTarget, q.readHeaders, q.readRequest, q.readUser} {
		if err := read(&a, command); err != nil {
			return a, err
		}
	}
	return a, nil
}

// bounded holds what a person may write to what a request can be.
func (q Question) bounded() error {
	one := []string{q.Method, q.Path, q.GRPC, q.Host, q.Upgrade, q.Source, q.Caller, q.User, q.Client, q.ACR, q.KeyID, q.Bound, q.Credential}
	for _, list := range [][]string{one, q.Headers, q.Audience, q.Scopes, q.Roles, q.AMR, q.Actors, q.Claims} {
		if len(list) > maxValues {
			return fmt.Errorf("a flag is given %d times: at most %d are read", len(list), maxValues)
		}
		for _, value := range list {
			if len(value) > maxValue {
				return fmt.Errorf("a value has %d bytes: at most %d are read", len(value), maxValue)
			}
		}
	}
	return nil
}

// readTarget reads what is asked for, and of which host.
func (q Question) readTarget(a *asked, command curl.Request) error {
	r := a.in.Request
	r.Method.Value, r.Path.Value, r.Host.Value = first(q.Method, command.Method), first(q.Path, command.Target), first(q.Host, command.Host)
	http2 := q.HTTP2 || command.HTTP2
	switch {
	case q.GRPC != "" && q.Method+q.Path+q.Curl != "":
		return errors.New("--grpc: a gRPC call has its method and path already: leave out --method, --path and --curl")
	case q.GRPC != "":
		if !strings.Contains(strings.Trim(q.GRPC, "/"), "/") {
			return errors.New("--grpc: write package.Service/Method, as in shop.v1.Payments/Charge")
		}
		r.Method.Value, r.Path.Value, http2 = "POST", "/"+strings.TrimPrefix(q.GRPC, "/"), true
	case r.Path.Value == "":
		return errors.New("which request? --path, --grpc, --curl or --record says so")
	case r.Method.Value == "":
		r.Method.Value = "GET"
	}
	r.HTTP2 = &http2
	return nil
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
