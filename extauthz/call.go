package extauthz

import (
	"context"
	"sync"
	"time"

	"github.com/postern/postern/extauthz/record"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/identity/svid"
	"github.com/postern/postern/policy"
)

// A call is one check on its way from question to answer. Its memory is used again for another.
type call struct {
	question question
	id       [36]byte // of the request, when it is ours
	start    time.Time
	snapshot *Snapshot
	request  policy.Request
	decision policy.Decision
	cut      cut
	detail   string // what is wrong, for the operator
	took     time.Duration
	answer   []byte // a CheckResponse on the wire
	kept     record.Record

	segments [16]string // memory for those of the path; more take some of their own
	memory   policy.Memory
}

// calls are those that no check uses.
type calls struct {
	pool   sync.Pool
	poison func(*call) // in tests: makes what should not be used any more useless
}

// take returns the memory of a call, all zero but for capacity.
func (s *calls) take() *call {
	if c, ok := s.pool.Get().(*call); ok {
		return c
	}
	return &call{}
}

// maxKeptAnswer bounds what a call keeps for its next answer, in bytes.
const maxKeptAnswer = 32 << 10

// give takes a call back. Nothing of it may be used any more: the next question overwrites its
// texts.
func (s *calls) give(c *call) {
	if s.poison != nil {
		s.poison(c)
	}
	c.question.clear()
	*c = call{question: c.question, answer: c.answer[:0]}
	if c.question.fits() && cap(c.answer) <= maxKeptAnswer {
		s.pool.Put(c)
	}
}

// decide is the whole way: canonicalise, caller, user, policy.
func (c *call) decide(ctx context.Context) {
	defer c.nameCut()
	if !c.snapshot.complete() {
		c.request.ID = c.newID()
		c.decision.Reason = reason.NotReady
		return
	}
	q := &c.request
	for _, step := range [...]func() error{c.canonical, c.destination, c.caller} {
		if err := step(); err != nil {
			c.decision = policy.Decision{Reason: reason.Of(err)}
			c.detail = err.Error()
			return
		}
	}
	m := c.snapshot.Policy.MatchIn(&c.memory, q)
	if from := m.Providers(); len(from) > 0 {
		q.Credential = c.snapshot.Users.Authenticate(ctx, from, c.carrier(), q.Time, q.Caller)
		c.cutUser()
	}
	c.decision = m.Decide(q)
	if found := &q.Credential; found.Cause != nil && found.Reason == c.decision.Reason {
		c.detail = found.Cause.Error()
	}
}

// carrier is what a kind of credential can check of the request, which is canonical.
func (c *call) carrier() kind.Request {
	r := kind.Request{Headers: &c.request.Headers, Method: c.request.Method.String(), Host: c.question.host, Path: c.question.path}
	if s := c.question.scheme; s == "https" || s == "http" {
		r.Scheme = s
	}
	return r
}

// destination makes sure that Envoy speaks for the workload that is protected here.
func (c *call) destination() error {
	named := c.question.destination
	if named != "" && named != c.snapshot.Policy.Workload() {
		return reason.Errorf(reason.WrongDestination, "Envoy's own certificate is of another workload than %s", c.snapshot.Policy.Workload())
	}
	return nil
}

// caller verifies the certificate on the other end of the connection, and that it is not cut off.
func (c *call) caller() (err error) {
	p := svid.Presented{Principal: c.question.principal, Certificate: c.question.certificate}
	var n int
	if p.Forwarded, n = c.request.Headers.First("x-forwarded-client-cert"); n > 1 {
		return reason.Errorf(reason.BadHeader, "there is more than one x-forwarded-client-cert")
	}
	if c.request.Caller, err = c.snapshot.Callers.Verify(p, c.request.Time); err != nil {
		return err
	}
	return c.cutCaller()
}

// deny puts a refusal in place of whatever was decided.
func (c *call) deny(why reason.Code) {
	c.decision.Allow, c.decision.Reason = false, why
	c.decision.Rule, c.decision.RuleName = policy.Position{}, ""
}

func (c *call) record() *record.Record {
	r := &c.kept
	*r = record.Record{
		Time: c.start, RequestID: c.request.ID, Decision: c.decision, Caller: c.request.Caller,
		User: c.user(), Method: c.request.Method.String(), Host: c.request.Host.String(),
		Latency: c.took, Detail: c.detail,
	}
	if c.snapshot != nil {
		r.PolicyDigest, r.RevocationDigest = c.snapshot.Digest, c.snapshot.RevokedDigest
	}
	return r
}
