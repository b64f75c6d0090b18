package explain

import (
	"slices"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// An edit is one change of a request.
type edit struct {
	say   string             // what would be otherwise
	apply func(*syntax.Case) // nil: it cannot be done mechanically
}

// with returns the case with the edit done. Cases share what no edit changes in place.
func (d edit) with(in syntax.Case) syntax.Case {
	d.apply(&in)
	return in
}

// request returns an edit of the request's fields.
func request(say string, change func(*syntax.TestRequest)) edit {
	return edit{say, func(in *syntax.Case) {
		r := *in.Request
		change(&r)
		in.Request = &r
	}}
}

func setCaller(say, id string) edit {
	return edit{say, func(in *syntax.Case) {
		in.Caller = nil
		if id != "" {
			in.Caller = &syntax.TestCaller{ID: syntax.Text{Value: id}}
		}
	}}
}

func setUser(say string, u *syntax.TestUser) edit {
	return edit{say, func(in *syntax.Case) { in.User = u }}
}

func setHeaderEdit(say, name string, values []string) edit {
	return edit{say, func(in *syntax.Case) { setHeader(in, name, values) }}
}

func setSource(say, addr string) edit {
	return request(say, func(r *syntax.TestRequest) { r.Source.Value = addr })
}

func setTime(say string, at time.Time) edit {
	return edit{say, func(in *syntax.Case) { in.Time = at }}
}

// setClaims returns an edit of the user, whose claims at these paths give way to what change sets.
func setClaims(say string, change func(*syntax.TestUser), paths ...[]string) edit {
	return edit{say, func(in *syntax.Case) {
		u := syntax.TestUser{}
		if in.User != nil {
			u = *in.User
		}
		for _, path := range paths {
			u.Claims = without(u.Claims, path)
		}
		change(&u)
		in.User = &u
	}}
}

// without returns the claims less that at a path. What was given stays as it is.
func without(claims []syntax.TestClaim, path []string) []syntax.TestClaim {
	if len(path) == 0 {
		return claims
	}
	i := slices.IndexFunc(claims, func(c syntax.TestClaim) bool { return c.Name.Value == path[0] })
	if i < 0 {
		return claims
	}
	claims = slices.Clone(claims)
	object, ok := claims[i].Value.(map[string]any)
	if len(path) == 1 || !ok {
		return slices.Delete(claims, i, i+1)
	}
	claims[i].Value = withoutMember(object, path[1:])
	return claims
}

func withoutMember(object map[string]any, path []string) map[string]any {
	rest := make(map[string]any, len(object))
	for name, value := range object {
		member, ok := value.(map[string]any)
		switch {
		case name != path[0]:
			rest[name] = value
		case len(path) > 1 && ok:
			rest[name] = withoutMember(member, path[1:])
		}
	}
	return rest
}

// A userField is what a part of a rule looks at in a user.
type userField struct {
	what   string     // in words, of one value
	claims [][]string // the paths of the claims that it comes from
	list   bool       // it has several values
	set    func(*syntax.TestUser, []string)
}

// fieldOf returns what a part looks at, and false for one that is not of the user's fields.
func (e *Explainer) fieldOf(bit policy.Conjuncts, provider string) (userField, bool) {
	claims := e.claimsOf(provider)
	client := [][]string{{"client_id"}, {"azp"}}
	if claims.Client != nil {
		client = [][]string{claims.Client}
	}
	switch bit {
	case policy.OnSubjects:
		return one("subject", func(u *syntax.TestUser) *syntax.Text { return &u.Subject }, claims.Subject, []string{"sub"}), true
	case policy.OnClients:
		return one("client", func(u *syntax.TestUser) *syntax.Text { return &u.Client }, client...), true
	case policy.OnACR:
		return one("acr", func(u *syntax.TestUser) *syntax.Text { return &u.ACR }, []string{"acr"}), true
	case policy.OnAudiences:
		return several("audience", func(u *syntax.TestUser) **syntax.TestValues { return &u.Audiences }, []string{"aud"}), true
	case policy.OnScopes:
		return several("scope", func(u *syntax.TestUser) **syntax.TestValues { return &u.Scopes }, claims.Scopes), true
	case policy.OnRoles:
		return several("role", func(u *syntax.TestUser) **syntax.TestValues { return &u.Roles }, claims.Roles), true
	case policy.OnAMR:
		return several("amr", func(u *syntax.TestUser) **syntax.TestValues { return &u.AMR }, []string{"amr"}), true
	default:
		return userField{}, false
	}
}

// one is a field with one value.
func one(what string, of func(*syntax.TestUser) *syntax.Text, claims ...[]string) userField {
	return userField{what, claims, false, func(u *syntax.TestUser, values []string) { of(u).Value = first(values...) }}
}

// several is a field with several values.
func several(what string, of func(*syntax.TestUser) **syntax.TestValues, claim []string) userField {
	return userField{what, [][]string{claim}, true, func(u *syntax.TestUser, values []string) { *of(u) = &syntax.TestValues{Values: texts(values)} }}
}

// claimsOf returns how a provider's claims map.
func (e *Explainer) claimsOf(provider string) identity.ClaimMap {
	for _, p := range e.set.Providers() {
		if p.Name == provider {
			return p.Claims
		}
	}
	return identity.ClaimMap{}
}
