package policy

import (
	"time"

	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy/syntax"
)

// A Position is the place of a rule in its source.
type Position = syntax.Position

// A Decision is the answer to one Request. The zero Decision denies.
type Decision struct {
	Allow      bool
	Reason     reason.Code
	Rule       Position  // of the rule that decided; zero when none matched
	RuleName   string    // its name; "" when it has none
	Policy     string    // namespace/name of the policy whose route was chosen; "" when none was
	Route      string    // the name of that route
	Challenge  Challenge // what a step-up needs; zero unless Reason is StepUp
	RetryAfter int       // seconds; 0 unless Reason is Unavailable
	Rules      []Evaluation
	Shadow     *Verdict // what it would have been with every shadow rule enforced; nil when none took part
}

// A Verdict is the answer alone.
type Verdict struct {
	Allow    bool
	Reason   reason.Code
	Rule     Position
	RuleName string
}

// A Challenge says what the user's next login must bring (RFC 9470 section 3).
type Challenge struct {
	ACR    []string      // any of these
	MaxAge time.Duration // 0: not asked for
}

// An Evaluation is what came of one rule in one decision, a bit for each conjunct.
type Evaluation struct {
	Rule    *Rule
	Held    Conjuncts // those that held
	Erred   Conjuncts // those that could not be told; never also held
	Skipped Conjuncts // those that were not looked at, since they could change nothing; never also held

	needsUser bool // the condition could not be told because no user is proven
}

// Conjuncts is a set of the parts of a rule.
type Conjuncts uint16

// The conjuncts of a rule.
const (
	OnCallers Conjuncts = 1 << iota
	OnProvider
	OnSubjects
	OnClients
	OnAudiences
	OnScopes
	OnRoles
	OnACR
	OnAMR
	OnMaxAge
	OnBound
	OnHeaders
	OnSource
	OnWhen
)

// OnUser is every conjunct of a rule's user. Nobody without a user meets any of them.
const OnUser = OnProvider | OnSubjects | OnClients | OnAudiences | OnScopes | OnRoles | onStepUp | OnBound

// onStepUp is what another login may bring.
const onStepUp = OnACR | OnAMR | OnMaxAge

// conjunctNames is in the order of the bits.
var conjunctNames = [...]string{
	"callers", "user", "subjects", "clients", "audiences", "scopes", "roles",
	"acr", "amr", "max_age", "bound", "headers", "source", "when",
}

// Each yields the name of every conjunct in the set, in the order of the constants.
func (c Conjuncts) Each(yield func(name string, bit Conjuncts) bool) {
	for i, name := range conjunctNames {
		if bit := Conjuncts(1) << i; c&bit != 0 && !yield(name, bit) {
			return
		}
	}
}

// verdict is what a rule came to: a false conjunct beats an error.
type verdict uint8

const (
	notMatched verdict = iota
	erred
	matched
)

func (e Evaluation) verdict() verdict {
	missing := e.Rule.named &^ e.Held
	switch {
	case missing == 0:
		return matched
	case missing&^e.Erred == 0:
		return erred
	default:
		return notMatched
	}
}

// Matched says that every conjunct of the rule held.
func (e Evaluation) Matched() bool { return e.verdict() == matched }

// Told says whether it could be told that the rule matches or does not.
func (e Evaluation) Told() bool { return e.verdict() != erred }

// lacks returns the conjuncts that are named and did not hold. A condition that could not be
// told because no user is proven lacks the user.
func (e Evaluation) lacks() Conjuncts {
	missing := e.Rule.named &^ e.Held
	if e.needsUser {
		missing = missing&^OnWhen | OnProvider
	}
	return missing
}
