package explain

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// hold returns edits, each by itself, with which a part of a rule would hold that does not.
func (s *search) hold(at *state, p policy.Part) []edit {
	u := at.r.Request.Credential.User
	switch p.Conjunct {
	case policy.OnCallers:
		return callers(p, at.r.Request.Caller.String())
	case policy.OnProvider:
		return s.users(p, u)
	case policy.OnMaxAge:
		return []edit{setClaims("the user logged in at most "+p.Wants[0]+" ago", func(u *syntax.TestUser) { u.AuthAge = &syntax.MaxAge{} }, []string{"auth_time"})}
	case policy.OnBound:
		return []edit{setClaims("the token is bound to the certificate of the caller ("+p.Wants[0]+")", func(u *syntax.TestUser) { u.Bound.Value = p.Wants[0] }, []string{"cnf"})}
	case policy.OnHeaders:
		return []edit{headerHolds(p)}
	case policy.OnSource:
		return []edit{setSource("the source address is in "+choice(p.Wants, false), addressIn(p.Wants))}
	case policy.OnWhen:
		return slices.Concat(s.assigned(at, p), acting(at, p), later(at, p))
	default:
		if f, ok := s.e.fieldOf(p.Conjunct, providerOf(u)); ok {
			return []edit{f.hold(p)}
		}
		return nil
	}
}

func providerOf(u *identity.User) string {
	if u.IsZero() {
		return ""
	}
	return u.Provider
}

// callers are those of a rule, the ones that are written out first.
func callers(p policy.Part, now string) []edit {
	patterns := slices.Clone(p.Wants)
	slices.SortStableFunc(patterns, func(a, b string) int { return strings.Count(a, "*") - strings.Count(b, "*") })
	say := "the caller is " + choice(p.Wants, false)
	var all []edit
	for _, pattern := range patterns[:min(len(patterns), 3)] {
		all = append(all, setCaller(say, sample(pattern, now)))
	}
	return all
}

// sample returns an ID that a pattern matches, as near to another as can be.
func sample(pattern, near string) string {
	segments, other := strings.Split(pattern, "/"), strings.Split(near, "/")
	for i, s := range segments {
		if s == "*" || s == "**" {
			segments[i] = "any"
			if i < len(other) && other[i] != "" {
				segments[i] = other[i]
			}
		}
	}
	return strings.Join(segments, "/")
}

// users are of the providers that a rule asks for. Whom a refused credential would have named
// comes first.
func (s *search) users(p policy.Part, u *identity.User) []edit {
	var all []edit
	if s.meant != nil && slices.Contains(p.Wants, s.meant.Provider.Value) {
		all = append(all, s.mended())
	}
	for _, name := range p.Wants {
		say, subject := "a user of "+choice(p.Wants, false)+" is proven", ""
		if !u.IsZero() {
			say, subject = "the user is proven by "+choice(p.Wants, false)+" and not by "+u.Provider, u.Subject
		}
		all = append(all, setUser(say, &syntax.TestUser{Provider: syntax.Text{Value: name}, Subject: syntax.Text{Value: subject}}))
	}
	return all
}

// mended is the credential that was refused, as it would be if it were good.
func (s *search) mended() edit {
	return setUser("the token is one that "+s.meant.Provider.Value+" takes now, with the same claims", withoutTimes(s.meant))
}

// good puts a good credential in place of one that is refused.
func (s *search) good(at *state) []edit {
	why := at.r.Request.Credential.Reason.String()
	var all []edit
	if s.meant != nil && slices.Contains(at.reads, s.meant.Provider.Value) {
		all = append(all, s.mended())
	}
	for _, name := range at.reads {
		all = append(all, setUser("the credential is a good one of "+name+", not "+why, &syntax.TestUser{Provider: syntax.Text{Value: name}}))
	}
	return append(all, setUser("no credential is sent", nil))
}

// hold makes a part of the user's fields hold.
func (f userField) hold(p policy.Part) edit {
	missing := slices.DeleteFunc(slices.Clone(p.Wants), func(v string) bool { return slices.Contains(p.Has, v) })
	switch {
	case !f.list:
		return setClaims("the user's "+f.what+" is "+choice(p.Wants, false), func(u *syntax.TestUser) { f.set(u, p.Wants[:1]) }, f.claims...)
	case !p.All:
		return setClaims("the user has the "+f.what+" "+strings.Join(p.Wants, " or "), func(u *syntax.TestUser) {
			f.set(u, slices.Concat(p.Has, p.Wants[:1]))
		}, f.claims...)
	}
	say := "the user has the " + plural(f.what, missing) + " " + both(missing)
	if len(p.Has) > 0 {
		say += ", too"
	}
	return setClaims(say, func(u *syntax.TestUser) { f.set(u, slices.Concat(p.Has, missing)) }, f.claims...)
}

func plural(word string, values []string) string {
	if len(values) == 1 || word == "amr" {
		return word
	}
	return word + "s"
}

func either(values []string) string { return strings.TrimPrefix(choice(values, false), "one of ") }

func both(values []string) string { return strings.TrimPrefix(choice(values, true), "all of ") }

// headerHolds makes a part of a header hold in whatever the rule does.
func headerHolds(p policy.Part) edit {
	header := "the header " + p.Header
	switch {
	case p.Present != nil && *p.Present:
		return setHeaderEdit(header+" is sent", p.Header, []string{"1"})
	case p.Present != nil:
		return setHeaderEdit(header+" is not sent", p.Header, nil)
	case p.All:
		return setHeaderEdit(header+" is sent with "+choice(p.Wants, true)+" and nothing else", p.Header, p.Wants)
	default:
		return setHeaderEdit(header+" is "+choice(p.Wants, false), p.Header, p.Wants[:1])
	}
}

// addressIn returns an address in the first of some prefixes.
func addressIn(prefixes []string) string {
	p, err := netip.ParsePrefix(first(prefixes...))
	if err != nil {
		return ""
	}
	return p.Addr().String()
}
