package explain

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/syntax"
)

// An Explainer explains what the policies of one workload decide. It is immutable.
type Explainer struct {
	workload string
	digest   string
	set      *policy.Set
	suite    *suite.Suite
	excepted []Guardrail // that name the workload, and take it out
	inspect  func([]identity.Provider, policy.Headers, time.Time) Credential
}

// Options say whom the policies protect, and when.
type Options struct {
	Workload string                  // a SPIFFE ID
	Digest   string                  // of the documents; "" when it is of no interest
	Now      time.Time               // of loading, from which onboarding is bounded
	Check    func(*policy.Set) error // what else must hold of the set; nil: nothing more

	// Inspect finds and decodes the credential of one of some providers in a request, exactly as the
	// sidecar would, but for the signature: provider.InspectUnverified. It is required.
	Inspect func([]identity.Provider, policy.Headers, time.Time) Credential
}

// New prepares documents for questions. Tests among them are of no interest. The faults of the
// others are reported together, as *syntax.Errors.
func New(documents []syntax.Document, o Options) (*Explainer, error) {
	if o.Inspect == nil {
		return nil, errors.New("explain: nothing inspects credentials: Options.Inspect is missing")
	}
	e := &Explainer{workload: o.Workload, digest: o.Digest, excepted: excepted(documents, o.Workload), inspect: o.Inspect}
	documents = slices.DeleteFunc(slices.Clone(documents), func(d syntax.Document) bool { return d.PolicyTest != nil })
	var err error
	e.suite, err = suite.New(documents, suite.Options{Now: o.Now, Workloads: []string{o.Workload}, Check: func(s *policy.Set) error {
		e.set = s
		if o.Check == nil {
			return nil
		}
		return o.Check(s)
	}})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Explain answers a question. The error says what of it cannot be read.
func (e *Explainer) Explain(q Question) (*Explanation, error) {
	a, err := q.read()
	if err != nil {
		return nil, err
	}
	if a.refused != reason.Internal {
		return e.refused(&a), nil
	}
	x := e.blank()
	s, b, err := e.first(&a)
	if err != nil {
		return nil, err
	}
	x.Notes = a.notes
	if b.note != "" {
		x.Notes = append([]string{b.note}, x.Notes...)
		x.Request.AtItsWord = b.user.Provider.Value != ""
	}
	var t policy.Trace
	if s.looked() {
		t = e.set.Trace(&s.r.Request)
	}
	x.tell(&s, &t, e.secrets())
	if s.looked() && s.r.Decision.Reason == reason.TokenRevoked {
		x.Request.User, x.Request.Provider = e.whom(s.in.User)
	}
	if s.looked() {
		x.Guardrails = append(x.Guardrails, e.excepted...)
	}
	x.Changes = (&search{e: e, meant: b.meant}).changes(&s, &t)
	return x, nil
}

// whom names the user of a case as it can be shown, also one whom a decision does not know: "" for
// what nothing says.
func (e *Explainer) whom(u *syntax.TestUser) (subject, provider string) {
	if u == nil || u.Provider.Value == "" {
		return "", ""
	}
	path := e.claimsOf(u.Provider.Value).Subject
	if len(path) == 0 {
		path = []string{"sub"}
	}
	return showAny(first(u.Subject.Value, textAt(u.Claims, path))), u.Provider.Value
}

// textAt returns the text at a path of claims, "" if there is none.
func textAt(claims []syntax.TestClaim, path []string) string {
	i := slices.IndexFunc(claims, func(c syntax.TestClaim) bool { return c.Name.Value == path[0] })
	if i < 0 {
		return ""
	}
	value := claims[i].Value
	for _, name := range path[1:] {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	text, _ := value.(string)
	return text
}

// refused explains what the sidecar refuses for its headers.
func (e *Explainer) refused(a *asked) *Explanation {
	x := e.blank()
	x.Notes, x.Detail = a.notes, a.why
	x.tellRequest(&a.in, policy.Request{Time: a.in.Time})
	x.verdict(policy.Decision{Reason: a.refused})
	return x
}

// causeOf says what is wrong with a request, without the reason's name.
func causeOf(err error) string {
	if e := (*reason.Error)(nil); errors.As(err, &e) {
		return e.Cause.Error()
	}
	return err.Error()
}

func (e *Explainer) blank() *Explanation {
	return &Explanation{Workload: e.workload, Policies: e.set.Policies(), Digest: e.digest}
}

// A state is one request, and what came of it.
type state struct {
	in    syntax.Case
	r     suite.Result
	reads []string // providers whose credentials the rules read
	rules []policy.RuleTrace
}

// ask decides. The error is that the case cannot be: its user is none of the provider's.
func (e *Explainer) ask(in syntax.Case) (state, error) {
	r, err := e.suite.Ask(e.workload, in)
	if err != nil {
		return state{}, err
	}
	s := state{in: in, r: r}
	if s.looked() {
		s.reads = e.set.Match(&r.Request).Providers()
		for _, v := range r.Decision.Rules {
			s.rules = append(s.rules, v.Trace(&r.Request))
		}
	}
	return s, nil
}

// looked says that the policy was asked: the request is canonical, and its caller not cut off.
func (s *state) looked() bool {
	return s.r.Refused == nil && s.r.Decision.Reason != reason.CertificateRevoked
}

func (s *state) allowed() bool { return s.r.Decision.Allow }

// asFlag says what is wrong with a user as of flags, and not as of a test.
func asFlag(err error) string {
	return regexp.MustCompile(`write \{credential: (\w+)\} to test a refused one`).ReplaceAllString(err.Error(), "give --credential $1 if it is refused")
}

// first decides on the question. Where it has a credential in its headers, whoever is read there
// says whom it names.
func (e *Explainer) first(a *asked) (state, bearer, error) {
	s, err := e.ask(a.in)
	if err != nil {
		return s, bearer{}, fmt.Errorf("--user: %s", asFlag(err))
	}
	if !s.looked() {
		return s, bearer{}, nil
	}
	b := e.carried(s.reads, a.headers, s.r.Request.Time)
	switch {
	case b.user == nil:
		return s, bearer{}, nil
	case a.named:
		a.notes = append(a.notes, "the credential in the headers is not looked at: --user or --credential says what comes of it")
		return s, bearer{}, nil
	}
	a.in.User = b.user
	s, err = e.ask(a.in)
	if err != nil { // the provider would refuse such claims
		meant := b.user
		b = refusedFor(reason.TokenClaims, err.Error())
		b.meant, a.in.User = meant, b.user
		s, err = e.ask(a.in)
	}
	return s, b, err
}
