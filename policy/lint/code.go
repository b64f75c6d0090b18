package lint

import (
	"fmt"
	"slices"
)

// A Code names one kind of finding. docs/lint.md has a section for each.
type Code string

// The codes. Their meaning is in Checks.
const (
	Invalid            Code = "invalid"
	UnknownProvider    Code = "unknown-provider"
	DenyNeverMatches   Code = "deny-never-matches"
	AllowNeverMatches  Code = "allow-never-matches"
	RequireNeverHolds  Code = "require-never-holds"
	AlwaysTrue         Code = "always-true"
	DenyMayErr         Code = "deny-may-err"
	UserNeverRead      Code = "user-never-read"
	LaterActor         Code = "later-actor"
	SubsumedRule       Code = "subsumed-rule"
	UndercutRule       Code = "undercut-rule"
	ContradictedAllow  Code = "contradicted-allow"
	DeniesEverything   Code = "denies-everything"
	UnreachableRoute   Code = "unreachable-route"
	RouteWithoutAllow  Code = "route-without-allow"
	WideCallers        Code = "wide-callers"
	AnonymousWrite     Code = "anonymous-write"
	PersonalData       Code = "personal-data-without-user"
	GuardrailGap       Code = "guardrail-gap"
	UnmatchedGuardrail Code = "unmatched-guardrail"
	ShadowNeverTold    Code = "shadow-never-told"
	ShadowWithoutEnd   Code = "shadow-without-end"
	ShadowExpiring     Code = "shadow-expiring"
	ShadowExpired      Code = "shadow-expired"
	OnboardingExpiring Code = "onboarding-expiring"
	OnboardingExpired  Code = "onboarding-expired"
	RevocationExpiring Code = "revocation-expiring"
	RevocationExpired  Code = "revocation-expired"
	RedundantEntry     Code = "redundant-entry"
	UnusedGroup        Code = "unused-group"
	UnusedProvider     Code = "unused-provider"
	DottedClaim        Code = "dotted-claim"
	BadSilence         Code = "bad-silence"
	UnusedSilence      Code = "unused-silence"
	Unfinished         Code = "unfinished"
)

// A Severity says how much a finding matters. The zero Severity is none.
type Severity uint8

// The severities, the least first.
const (
	Info    Severity = iota + 1 // good to know
	Warning                     // probably not what was meant
	Error                       // the policy does not do what it says
)

// severityNames is in the order of the constants.
var severityNames = [...]string{"", "info", "warning", "error"}

// String returns info, warning or error.
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return ""
}

// ParseSeverity returns the severity of a name; ok is false when it is none.
func ParseSeverity(name string) (s Severity, ok bool) {
	i := slices.Index(severityNames[1:], name)
	return Severity(i + 1), i >= 0
}

// A Check is what is looked for under one code.
type Check struct {
	Code     Code
	Severity Severity // the highest that a finding of it can have
	Title    string   // one sentence, without its full stop
	Mends    bool     // a finding of it can have a Fix
}

// Checks returns every check, by theme.
func Checks() []Check { return slices.Clone(checks) }

// ParseCode returns the code of a name.
func ParseCode(name string) (Code, error) {
	if c, known := checkOf(Code(name)); known {
		return c.Code, nil
	}
	return "", fmt.Errorf("%q is no code of a finding: docs/lint.md names them", name)
}

// checkOf returns the check of a code, false when there is no such code.
func checkOf(code Code) (Check, bool) {
	for _, c := range checks {
		if c.Code == code {
			return c, true
		}
	}
	return Check{}, false
}

var checks = []Check{
	{Invalid, Error, "The file would not be loaded", false},
	{UnknownProvider, Error, "No IdentityProvider has this name", false},
	{DenyNeverMatches, Error, "A deny that no request can match", false},
	{AllowNeverMatches, Warning, "An allow that no request can match", false},
	{RequireNeverHolds, Warning, "A requirement that no request can meet", false},
	{AlwaysTrue, Warning, "A condition that is true for every request", true},
	{DenyMayErr, Warning, "A deny whose condition cannot be told for a plain request, which is then denied", false},
	{UserNeverRead, Warning, "A condition that reads the user where nothing reads a credential", false},
	{LaterActor, Warning, "A condition that lets others than the current actor help a request", false},
	{SubsumedRule, Warning, "A rule without which every decision would be the same", true},
	{UndercutRule, Warning, "A rule that asks for more than another one which already does the same", false},
	{ContradictedAllow, Warning, "An allow that never allows, because something denies all that it matches", false},
	{DeniesEverything, Warning, "A deny that matches every request where there are allows", false},
	{UnreachableRoute, Warning, "A route that no request goes to", false},
	{RouteWithoutAllow, Warning, "A route that allows nothing and closes nothing", false},
	{WideCallers, Warning, "An allow for callers that are not named", false},
	{AnonymousWrite, Warning, "An allow that lets anyone change something", false},
	{PersonalData, Warning, "An allow without a user for a path that holds the id of a person", false},
	{GuardrailGap, Warning, "A guardrail for everything below a path that leaves the path itself open", false},
	{UnmatchedGuardrail, Info, "A guardrail for workloads that no policy protects", false},
	{ShadowNeverTold, Warning, "A shadow rule that asks for a user where nothing enforced reads one", false},
	{ShadowWithoutEnd, Info, "A shadow rule without a date by when somebody decides", false},
	{ShadowExpiring, Info, "A shadow rule about which somebody has to decide soon", false},
	{ShadowExpired, Warning, "A shadow rule about which somebody should have decided", false},
	{OnboardingExpiring, Warning, "An onboarding that ends soon", false},
	{OnboardingExpired, Warning, "An onboarding that is over", false},
	{RevocationExpiring, Info, "A revocation that ends soon", false},
	{RevocationExpired, Info, "A revocation that is over", false},
	{RedundantEntry, Info, "An entry of a list that another entry covers", true},
	{UnusedGroup, Info, "A group that no rule names", true},
	{UnusedProvider, Info, "An IdentityProvider that no rule names", false},
	{DottedClaim, Warning, "A claim whose one name has dots, where a path may be meant", false},
	{BadSilence, Warning, "A comment that would silence a finding and does not say which or why", false},
	{UnusedSilence, Info, "A comment that silences nothing", false},
	{Unfinished, Info, "Too many rules to compare all of them", false},
}
