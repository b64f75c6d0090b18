package syntax

import (
	"fmt"

	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy/syntax/tree"
)

// An Expectation is what must come of a request. The zero value of a field is what was not named,
// and anything will do for it.
type Expectation struct {
	Position Position
	Allow    *bool // also where a reason or a status says it
	Reason   Text  // the name of a reason
	Rule     Text  // the name of the rule that decides, its place or the end of that, or none
	Route    Text  // the name of the route that is chosen, or none
	Status   int
	Shadow   *bool // whether it would be allowed if every rule with shadow were enforced
}

// The words for a verdict.
const (
	allow = "allow"
	deny  = "deny"
)

// expectation reads allow, deny, or a mapping.
func (r *reader) expectation(n *tree.Node) *Expectation {
	switch {
	case n == nil:
		return nil
	case n.Kind != tree.Mapping:
		return &Expectation{Position: r.position(n), Allow: r.decision(n)}
	}
	o := r.object(n, expectShape)
	e := &Expectation{
		Position: r.position(n),
		Allow:    r.decision(o.get("decision")),
		Reason:   r.text(o.get("reason"), checkReason),
		Rule:     r.text(o.get("rule"), nil),
		Route:    r.text(o.get("route"), nil),
		Status:   r.integer(o.get("status"), leastStatus, mostStatus, 0),
		Shadow:   r.decision(o.get("shadow")),
	}
	if len(n.Items) == 0 {
		r.fail(n, "this expects nothing: name a decision")
	}
	r.agree(o, e)
	return e
}

// The statuses that HTTP has (RFC 9110 section 15).
const (
	leastStatus = 100
	mostStatus  = 599
)

// agree fills in the decision that the other fields say, and reports those that say another one.
func (r *reader) agree(o object, e *Expectation) {
	code, known := reason.Named(e.Reason.Value)
	if known {
		granted := code.Granted()
		if e.Allow == nil {
			e.Allow = &granted
		}
		switch {
		case *e.Allow != granted:
			r.fail(o.get("reason"), "%s is a reason to %s", code, verdictWord(granted))
		case e.Status != 0 && e.Status != code.Status():
			r.fail(o.get("status"), "the status of %s is %d", code, code.Status())
		}
		return
	}
	if e.Status == 0 {
		return
	}
	granted := e.Status == reason.Allowed.Status()
	if e.Allow == nil {
		e.Allow = &granted
	}
	if *e.Allow != granted {
		r.fail(o.get("status"), "%d is no status of a request that was to %s", e.Status, verdictWord(*e.Allow))
	}
}

func verdictWord(allowed bool) string {
	if allowed {
		return allow
	}
	return deny
}

// decision reads allow or deny.
func (r *reader) decision(n *tree.Node) *bool {
	t := r.text(n, func(s string) error {
		if s != allow && s != deny {
			return fmt.Errorf("expected allow or deny, found %s", quote(s))
		}
		return nil
	})
	if t.Value == "" {
		return nil
	}
	allowed := t.Value == allow
	return &allowed
}

// isAnswer says that the reason can be a policy's, for its answer to a request that arrived.
func isAnswer(code reason.Code) bool {
	return code != reason.Internal && code < reason.NotReady && !isOfCertificate(code)
}

// isOfCertificate says that the reason is what is wrong with a certificate, of which a test has
// none: its caller is proven, and cut off at worst.
func isOfCertificate(code reason.Code) bool {
	return reason.CertificateMissing <= code && code <= reason.WrongDestination && code != reason.CertificateRevoked
}

func checkReason(name string) error {
	code, known := reason.Named(name)
	switch {
	case known && isAnswer(code):
		return nil
	case known && isOfCertificate(code):
		return fmt.Errorf("%s is said of a certificate, and a test has none: its caller is proven", name)
	case known:
		return fmt.Errorf("%s is a fault of the sidecar's, and no policy's answer", name)
	}
	if near := Nearest(name, reasonText.Enum); near != "" {
		return fmt.Errorf("there is no reason %s: did you mean %q?", quote(name), near)
	}
	return fmt.Errorf("there is no reason %s: write a name as it stands in records, as in %s or %s", quote(name), reason.NotGranted, reason.CallerNotGranted)
}
