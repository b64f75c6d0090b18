package condition

import (
	"strings"

	"cel.dev/cel-go/cel"

	"github.com/postern/postern/identity"
)

// An activation resolves the variables of one evaluation. What is missing is not found, which is
// an error to the condition.
type activation struct {
	in     *Input
	params []Param
}

// Parent implements cel.Activation.
func (a *activation) Parent() cel.Activation { return nil }

// ResolveName implements cel.Activation.
func (a *activation) ResolveName(name string) (any, bool) {
	in := a.in
	switch name {
	case inputName:
		return inputVal{Input: in}, true
	case "request.method":
		return in.Method, true
	case "request.host":
		return in.Host, true
	case "request.path":
		return in.Path, true
	case "request.id":
		return in.ID, true
	case "request.time":
		return in.Time, !in.Time.IsZero()
	case "source.ip":
		return in.Source.Unmap().WithZone(""), in.Source.IsValid()
	}
	switch kind, field, _ := strings.Cut(name, "."); kind {
	case "params":
		return a.param(field)
	case "caller":
		return caller(in.Caller, field)
	case "user":
		return user(in.User, field)
	}
	return nil, false
}

func (a *activation) param(name string) (any, bool) {
	for _, p := range a.params {
		if p.Name != name || p.Segment >= len(a.in.Path) {
			continue
		}
		if p.Rest {
			return a.in.Path[p.Segment:], true
		}
		return a.in.Path[p.Segment], true
	}
	return nil, false
}

func caller(c identity.Caller, field string) (any, bool) {
	if c.IsZero() {
		return nil, false
	}
	switch field {
	case "id":
		return c.String(), true
	case "trust_domain":
		return c.TrustDomain(), true
	case "segments":
		return strings.Split(strings.TrimPrefix(c.String(), "spiffe://"+c.TrustDomain()+"/"), "/"), true
	}
	return nil, false
}

func user(u *identity.User, field string) (any, bool) {
	if u.IsZero() {
		return nil, false
	}
	switch field {
	case "provider":
		return u.Provider, true
	case "subject":
		return u.Subject, u.Subject != ""
	case "client":
		return u.Client, u.Client != ""
	case "acr":
		return u.ACR, u.ACR != ""
	case "auth_time":
		return u.AuthTime, !u.AuthTime.IsZero()
	case "audiences":
		return u.Audiences, true
	case "scopes":
		return u.Scopes, true
	case "roles":
		return u.Roles, true
	case "amr":
		return u.AMR, true
	case "claims":
		if u.Claims == nil {
			return map[string]any{}, true
		}
		return u.Claims, true
	}
	return nil, false
}
