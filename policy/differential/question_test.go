package differential_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
)

// A question is a request in the test's own words.
type question struct {
	Method  string
	Path    []string // decoded
	Sent    string   // the path as sent, with escapes
	Query   string   // with its question mark; "" for none
	Host    string   // as it is compared
	Asked   string   // the authority as sent
	HTTP2   bool
	Upgrade string
	Headers []policy.Header
	Joined  bool
	Source  netip.Addr
	Time    time.Time

	Caller   string // "" for none
	Asserted bool
	Tokens   []token // what a look for credentials would find
}

// A token is one credential of a request, good or bad.
type token struct {
	Provider string        // where it is found
	User     identity.User // of a good one
	Fault    reason.Code   // Allowed for a good one
	Retry    int
}

// The id of every request.
const requestID = "00000000-0000-4000-8000-000000000001"

func (q *question) header(name string) []string {
	var values []string
	for _, h := range q.Headers {
		if h.Name == name {
			values = append(values, h.Value)
		}
	}
	return values
}

// caller is what a condition sees of the caller.
func (q *question) caller(text string) (any, bool) {
	if q.Caller == "" {
		return nil, false
	}
	segments := strings.Split(strings.TrimPrefix(q.Caller, "spiffe://"), "/")
	switch text {
	case "caller.id":
		return q.Caller, true
	case "caller.trust_domain":
		return segments[0], true
	case "caller.segments":
		return texts(segments[1:]), true
	}
	panic("no name " + text)
}

// credential is what is found where the providers named look.
func (q *question) credential(providers []string) identity.Credential {
	if len(providers) == 0 {
		return identity.Credential{}
	}
	var found []token
	for _, t := range q.Tokens {
		for _, p := range providers {
			if t.Provider == p {
				found = append(found, t)
			}
		}
	}
	switch {
	case len(found) == 0:
		return identity.Credential{Reason: reason.CredentialMissing}
	case len(found) > 1:
		return identity.Credential{Presented: true, Reason: reason.CredentialDuplicate}
	case found[0].Fault != reason.Allowed:
		return identity.Credential{Presented: true, Reason: found[0].Fault, RetryAfter: found[0].Retry}
	}
	return identity.Credential{Presented: true, Reason: reason.Allowed, User: &found[0].User}
}

// request makes the real thing, without a credential.
func (q *question) request(t testing.TB) *policy.Request {
	r := &policy.Request{
		ID: requestID, Time: q.Time, HTTP2: q.HTTP2, Upgrade: q.Upgrade, Source: q.Source,
		Headers: policy.NewHeaders(q.Headers, q.Joined),
	}
	var err error
	if r.Method, err = policy.ParseMethod(q.Method); err != nil {
		t.Fatalf("%q: %v", q.Method, err)
	}
	if r.Path, err = policy.ParsePath(q.Sent + q.Query); err != nil {
		t.Fatalf("%q: %v", q.Sent+q.Query, err)
	}
	if r.Host, err = policy.ParseHost(q.Asked); err != nil {
		t.Fatalf("%q: %v", q.Asked, err)
	}
	if q.Caller != "" {
		id, err := spiffeid.FromString(q.Caller)
		if err != nil {
			t.Fatalf("%q: %v", q.Caller, err)
		}
		r.Caller = identity.ProvenCaller(id, [32]byte{1})
		if q.Asserted {
			r.Caller = identity.AssertedCaller(id)
		}
	}
	return r
}

// String has all of the request that a reader needs to try it by hand.
func (q *question) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s http://%s%s%s HTTP2=%v upgrade=%q\n", q.Method, q.Asked, q.Sent, q.Query, q.HTTP2, q.Upgrade)
	fmt.Fprintf(&b, "  at %s from %v, joined=%v\n", q.Time.Format(time.RFC3339Nano), q.Source, q.Joined)
	for _, h := range q.Headers {
		fmt.Fprintf(&b, "  %s: %q\n", h.Name, h.Value)
	}
	fmt.Fprintf(&b, "  caller %q asserted=%v\n", q.Caller, q.Asserted)
	for _, t := range q.Tokens {
		if t.Fault != reason.Allowed {
			fmt.Fprintf(&b, "  %s: %v, retry after %d\n", t.Provider, t.Fault, t.Retry)
			continue
		}
		u := t.User
		fmt.Fprintf(&b, "  %s: subject=%q client=%q audiences=%q scopes=%q roles=%q acr=%q amr=%q authTime=%v bound=%q actors=%q\n    claims=%#v\n", t.Provider,
			u.Subject, u.Client, u.Audiences, u.Scopes, u.Roles, u.ACR, u.AMR, u.AuthTime.Format(time.RFC3339Nano), u.Bound, u.Actors, u.Claims)
	}
	return b.String()
}
