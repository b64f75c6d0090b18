package explain

import (
	"time"

	"github.com/postern/postern/policy/suite"
)

// An Explanation is all that a person is told, ready to be written as JSON. Every text that comes
// from a request is bounded and can be shown on a terminal.
type Explanation struct {
	Workload string   `json:"workload"`
	Policies []string `json:"policies"` // namespace/name of those that protect it
	Digest   string   `json:"policy_digest,omitempty"`
	Notes    []string `json:"notes,omitempty"` // what should be known before the rest is believed
	Request  Request  `json:"request"`
	Verdict
	Detail     string       `json:"detail,omitempty"` // what exactly is wrong with the request
	Challenge  *Challenge   `json:"challenge,omitempty"`
	Shadow     *Verdict     `json:"shadow,omitempty"` // with every shadow rule enforced
	Reads      []string     `json:"reads_credentials_of,omitempty"`
	Routes     []Route      `json:"routes,omitempty"` // the chosen one first
	MoreRoutes int          `json:"more_routes,omitempty"`
	Guardrails []Guardrail  `json:"guardrails,omitempty"`
	Rules      []Rule       `json:"rules,omitempty"`
	Onboarding []Onboarding `json:"onboarding,omitempty"`
	Changes    []Change     `json:"changes,omitempty"` // with which the decision were the other, the smallest first
	Recorded   *Recorded    `json:"recorded,omitempty"`
}

// A Request is what the decision is about. What a record leaves out is "not recorded".
type Request struct {
	Method    string    `json:"method"`
	Path      string    `json:"path"` // without the query
	Host      string    `json:"host"`
	Upgrade   string    `json:"upgrade,omitempty"`
	HTTP2     bool      `json:"http2,omitempty"`
	Source    string    `json:"source,omitempty"`
	Time      time.Time `json:"time"`
	Caller    string    `json:"caller,omitempty"`
	User      string    `json:"user,omitempty"`
	Provider  string    `json:"provider,omitempty"`
	AtItsWord bool      `json:"user_taken_at_its_word,omitempty"` // its signature was not verified

	// Credential is what came of looking for one: allowed when the user is proven, "" when no
	// rule reads any.
	Credential string `json:"credential,omitempty"`
}

// A Verdict is a decision and why.
type Verdict struct {
	Decision string `json:"decision"` // allow or deny
	Reason   string `json:"reason"`
	Status   int    `json:"status"`
	Means    string `json:"means,omitempty"` // the reason in words
	Rule     string `json:"rule,omitempty"`  // the position of the rule that decided
	RuleName string `json:"rule_name,omitempty"`
}

// A Challenge is what a step-up asks of the next login.
type Challenge struct {
	ACR    []string `json:"acr,omitempty"`
	MaxAge string   `json:"max_age,omitempty"`
}

// A Route is one that was chosen, or lost.
type Route struct {
	Policy  string  `json:"policy"`
	Name    string  `json:"name"`
	At      string  `json:"at"`
	Matches string  `json:"matches"`
	Chosen  bool    `json:"chosen"`
	Why     string  `json:"why_not,omitempty"`
	Params  []Param `json:"params,omitempty"`
}

// A Param is a variable of a path, and its value.
type Param struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A Guardrail is one of the workload.
type Guardrail struct {
	Name    string `json:"name"`
	At      string `json:"at"`
	Effect  string `json:"effect"`
	Matches string `json:"matches,omitempty"`
	Applies bool   `json:"applies"`
	Why     string `json:"why_not,omitempty"`
}

// A Rule is one that the request was held to.
type Rule struct {
	At        string `json:"rule"`
	Name      string `json:"name,omitempty"`
	Effect    string `json:"effect"`
	Guardrail bool   `json:"guardrail,omitempty"`
	Shadow    bool   `json:"shadow,omitempty"` // not enforced
	Outcome   string `json:"outcome"`          // matches, does not match, or cannot be told
	Parts     []Part `json:"parts,omitempty"`
}

// A Part is one conjunct of a rule.
type Part struct {
	Conjunct string   `json:"conjunct"`
	Header   string   `json:"header,omitempty"`
	Outcome  string   `json:"outcome"`            // held, failed, error, skipped; of a record also not recorded
	Now      string   `json:"now,omitempty"`      // of a record: the outcome with what was recorded and the rule as it is now
	Wants    string   `json:"wants,omitempty"`    // in words
	Has      string   `json:"has,omitempty"`      // in words
	Why      string   `json:"why,omitempty"`      // it could not be told
	Observed []string `json:"observed,omitempty"` // the values that a condition saw
}

// An Onboarding is one of the workload.
type Onboarding struct {
	At    string    `json:"at"`
	Until time.Time `json:"until"`
	Holds bool      `json:"holds"`
}

// A Change is what would have to be otherwise for another decision.
type Change struct {
	To      string   `json:"to"`                // the decision then
	Tried   bool     `json:"tried"`             // the request was changed so, decided again, and that came
	Rule    string   `json:"rule,omitempty"`    // the position of the rule that decides then, or would
	Name    string   `json:"name,omitempty"`    // its name
	Reason  string   `json:"reason,omitempty"`  // then; "" unless it was tried
	Request []string `json:"request,omitempty"` // all of this of the request
	Policy  []string `json:"policy,omitempty"`  // or all of this of the policy

	end suite.Result // of the changed request, if it was tried
}
