package explain

import (
	"net/netip"
	"slices"
	"time"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// fail returns edits, each by itself, with which a part of a rule would fail that holds.
func (s *search) fail(at *state, p policy.Part) []edit {
	u := at.r.Request.Credential.User
	switch p.Conjunct {
	case policy.OnCallers:
		if slices.Contains(p.Wants, "anyone") {
			return nil
		}
		return []edit{setCaller("the caller is none of "+either(p.Wants), "")}
	case policy.OnProvider:
		return []edit{setUser("no credential is sent", nil)}
	case policy.OnMaxAge:
		age, err := time.ParseDuration(p.Wants[0])
		if err != nil {
			return nil
		}
		return []edit{setClaims("the user logged in more than "+p.Wants[0]+" ago", func(u *syntax.TestUser) {
			u.AuthAge = &syntax.MaxAge{Age: age + time.Second}
		}, []string{"auth_time"})}
	case policy.OnBound:
		return []edit{setClaims("the token is bound to nothing", func(u *syntax.TestUser) { u.Bound.Value = "" }, []string{"cnf"})}
	case policy.OnHeaders:
		return []edit{headerFails(p)}
	case policy.OnSource:
		if addr := addressOutside(p.Wants); addr != "" {
			return []edit{setSource("the source address is not in "+either(p.Wants), addr)}
		}
		return nil
	case policy.OnWhen:
		return slices.Concat(s.unclaimed(p), unacted(at, p), s.assigned(at, p), later(at, p))
	default:
		if f, ok := s.e.fieldOf(p.Conjunct, providerOf(u)); ok {
			return []edit{f.fail(p)}
		}
		return nil
	}
}

// fail makes a part of the user's fields fail.
func (f userField) fail(p policy.Part) edit {
	if !f.list {
		return setClaims("the user's "+f.what+" is not "+either(p.Wants), func(u *syntax.TestUser) { f.set(u, []string{"another"}) }, f.claims...)
	}
	gone := p.Wants
	if p.All {
		gone = p.Wants[:1]
	}
	return setClaims("the user lacks the "+f.what+" "+either(gone), func(u *syntax.TestUser) {
		f.set(u, slices.DeleteFunc(slices.Clone(p.Has), func(v string) bool { return slices.Contains(gone, v) }))
	}, f.claims...)
}

func headerFails(p policy.Part) edit {
	if p.Present != nil && !*p.Present {
		return setHeaderEdit("the header "+p.Header+" is sent", p.Header, []string{"1"})
	}
	return setHeaderEdit("the header "+p.Header+" is not sent", p.Header, nil)
}

// addressOutside returns an address in none of some prefixes, "" when none of a few is.
func addressOutside(prefixes []string) string {
	for _, text := range []string{"192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1"} { // RFC 5737, RFC 3849
		addr := netip.MustParseAddr(text)
		if !slices.ContainsFunc(prefixes, func(prefix string) bool {
			p, err := netip.ParsePrefix(prefix)
			return err != nil || p.Contains(addr)
		}) {
			return text
		}
	}
	return ""
}
