package policy

import "github.com/postern/postern/policy/syntax"

// Upstream is how the workload learns who was verified. The zero Upstream is by plain headers.
type Upstream struct {
	audience string
	at       Position
	said     bool
}

// Asserts says that the workload wants one signed assertion in place of plain headers.
func (u Upstream) Asserts() bool { return u.audience != "" }

// Audience returns whom the assertion is for; "" where there is none.
func (u Upstream) Audience() string { return u.audience }

// Upstream returns how the workload learns who was verified.
func (s *Set) Upstream() Upstream {
	if s == nil {
		return Upstream{}
	}
	return s.upstream
}

// upstream reads what one policy says; most say nothing.
func (c *compiler) upstream(from *syntax.Upstream) Upstream {
	if from == nil {
		return Upstream{}
	}
	if a := from.Audience.Value; len(a) > syntax.MaxAudience || !visible(a) {
		c.unparsed(from.Position)
	}
	return Upstream{audience: from.Audience.Value, at: from.Position, said: true}
}

func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// tell takes in what one more policy says of the upstream. None may contradict another: which of
// them counts must not depend on the order of files.
func (a *assembler) tell(u Upstream) {
	switch before := a.set.upstream; {
	case !u.said:
	case !before.said:
		a.set.upstream = u
	case before.audience != u.audience:
		a.fault(u.at, "this and the upstream at %v tell one workload in two ways who was verified: say the same in both, or leave one out", before.at)
	}
}
