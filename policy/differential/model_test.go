package differential_test

import (
	"strings"
	"time"
)

// A world is everything that a set is compiled from, in the test's own words: what is generated,
// printed as YAML for the real code, and read by the naive interpreter.
type world struct {
	Loaded   time.Time // when the set is compiled
	Services []*service
	Meshes   []*mesh
	Revoked  bool // a Revocation stands beside them, which decides nothing here
}

// A service is a ServicePolicy.
type service struct {
	Namespace string
	Name      string
	Workloads []string
	Groups    []group
	Deny      []*rule
	Routes    []*route
}

// label is the name that a decision has for the policy.
func (s *service) label() string { return s.Namespace + "/" + s.Name }

type group struct {
	Name    string
	Callers []string
}

// A route has one of HTTP and GRPC.
type route struct {
	Name  string
	HTTP  *httpMatch
	GRPC  *grpcMatch
	Allow []*rule
	Deny  []*rule
}

// An httpMatch belongs to a route, a guardrail or an except. Only the last two may leave out
// Methods and Path, and only the first may have Upgrade.
type httpMatch struct {
	Methods []string
	Path    template
	Hosts   []string
	Upgrade bool
}

// A grpcMatch belongs to a route, a guardrail or an except.
type grpcMatch struct {
	Service string
	Methods []string
	Hosts   []string
}

// A template is the segments of a path.
type template []segment

// A segment is a literal, or a variable for one segment or for all that follow.
type segment struct {
	Literal  string
	Variable string
	Rest     bool
}

func (t template) String() string {
	var b strings.Builder
	for _, s := range t {
		switch {
		case s.Rest:
			b.WriteString("/{" + s.Variable + "...}")
		case s.Variable != "":
			b.WriteString("/{" + s.Variable + "}")
		default:
			b.WriteString("/" + s.Literal)
		}
	}
	return b.String()
}

// A rule is an allow, a deny or what a guardrail denies or requires.
type rule struct {
	ID      int // by which a decision's position is told; a repeated rule has the same
	Name    string
	Callers []string
	User    *userWish
	Headers []headerWish
	Source  []string
	When    *expr
	Shadow  bool
	Until   bool // the shadow says until when
}

// A userWish is what a rule asks of the user. A nil list asks for nothing.
type userWish struct {
	Providers []string
	Subjects  *valueWish
	Clients   *valueWish
	Audiences *valueWish
	Scopes    *valueWish
	Roles     *valueWish
	ACR       *valueWish
	AMR       *valueWish
	MaxAge    time.Duration // 0: not asked for
	Bound     bool          // to the caller's certificate
}

// A valueWish is one value, any of several, or all of several.
type valueWish struct {
	All    bool
	Values []string
}

// A headerWish asks for values, or, with Value nil, for presence.
type headerWish struct {
	Name    string
	Value   *valueWish
	Present bool
}

// A mesh is a MeshPolicy.
type mesh struct {
	Name       string
	Guardrails []*guardrail
	Onboarding []*onboarding
}

// A guardrail has one of Deny and Require, and at most one of HTTP and GRPC.
type guardrail struct {
	Name      string
	Workloads []string
	HTTP      *httpMatch
	GRPC      *grpcMatch
	Except    []*except
	Deny      *rule
	Require   *rule
}

type except struct {
	Workloads []string
	HTTP      *httpMatch
	GRPC      *grpcMatch
}

type onboarding struct {
	ID        int
	Workloads []string
	Until     time.Time
}

// rule is what the guardrail denies or requires.
func (g *guardrail) rule() *rule {
	if g.Deny != nil {
		return g.Deny
	}
	return g.Require
}
