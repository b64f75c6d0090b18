package suite

import (
	"fmt"
	"slices"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy/syntax"
)

// lifetime is how long the tokens of tests still live at the time of the request.
const lifetime = 5 * time.Minute

// credential returns what came of verifying the credential of a test's user. The error is that no
// token of the provider could be so.
func (s *Suite) credential(from *syntax.TestUser, at time.Time) (*identity.User, badCredential, error) {
	if from == nil || from.Provider.Value == "" && from.Credential.Value == "" {
		return nil, badCredential{}, nil
	}
	provider := s.providers[from.Provider.Value]
	if provider == nil && from.Provider.Value != "" {
		return nil, badCredential{}, &syntax.Error{
			Position: from.Provider.Position, Message: fmt.Sprintf("there is no IdentityProvider named %q", from.Provider.Value),
		}
	}
	if from.Credential.Value != "" {
		why, _ := reason.Named(from.Credential.Value) // checked
		return nil, badCredential{why, from.Provider.Value}, nil
	}
	u, err := userOf(from, provider, at)
	if err != nil {
		return nil, badCredential{}, &syntax.Error{Position: from.Position, Message: err.Error()}
	}
	return u, badCredential{}, nil
}

// userOf makes the user whom a token of the provider would prove. What the test says in the
// user's fields and what it says in claims make one token: each field has its claim, and each
// claim its field.
func userOf(from *syntax.TestUser, p *identity.Provider, at time.Time) (*identity.User, error) {
	t := newToken(from.Claims)
	u := &identity.User{Provider: p.Name, KeyID: from.KeyID.Value, Claims: t.claims}
	anybody := "user"
	terms := p.Terms()
	switch {
	case terms.TrustDomain != "":
		u.Issuer, anybody = terms.Issuer, "" // iss says nothing
	case terms.Issuer != "":
		u.Issuer = t.text([]string{"iss"}, "", terms.Issuer)
	}
	if terms.Audiences != nil {
		u.Audiences = t.list([]string{"aud"}, audiencesOf(from, p), oneOrMore)
	}
	subject := p.Claims.Subject
	u.Subject = t.text(subject, from.Subject.Value, from.Name.Value, anybody)
	t.text([]string{"sub"}, "", u.Subject)
	client := p.Claims.Client
	if client == nil {
		client = []string{"client_id"}
		if from.Client.Value == "" && !t.has(client) {
			client = []string{"azp"}
		}
	}
	u.Client = t.text(client, from.Client.Value)
	u.Scopes = t.list(p.Claims.Scopes, from.Scopes, words)
	if from.Roles != nil && p.Claims.Roles == nil {
		return nil, fmt.Errorf("%s maps no claim to roles: add roles to its claims", p.Name)
	}
	u.Roles = t.list(p.Claims.Roles, from.Roles, array|split)
	u.ACR = t.text([]string{"acr"}, from.ACR.Value)
	u.AMR = t.list([]string{"amr"}, from.AMR, array)
	u.Bound = t.binding(from.Bound.Value)
	u.Actors = t.actors(from.Actors)
	u.TokenID = t.text([]string{"jti"}, "")
	u.Session = t.text([]string{"sid"}, "")
	u.AuthTime = t.time("auth_time", from.AuthAge, at, time.Time{})
	u.IssuedAt = t.time("iat", from.TokenAge, at, at)
	u.Expires = t.time("exp", nil, at, expiry(p, u.IssuedAt, at))
	if t.err == nil {
		t.err = wouldRefuse(u, p, at)
	}
	return u, t.err
}

// expiry is soon after the time of the request, unless the provider allows no such age.
func expiry(p *identity.Provider, issued, at time.Time) time.Time {
	end := at.Add(lifetime)
	if most := p.Terms().MaxLifetime; most != 0 && end.Sub(issued) > most {
		return issued.Add(most)
	}
	return end
}

// audiencesOf are those that the test names, or else the first that the provider takes.
func audiencesOf(from *syntax.TestUser, p *identity.Provider) *syntax.TestValues {
	claimed := slices.ContainsFunc(from.Claims, func(c syntax.TestClaim) bool { return c.Name.Value == "aud" })
	taken := p.Terms().Audiences
	if from.Audiences != nil || claimed || len(taken) == 0 {
		return from.Audiences
	}
	return &syntax.TestValues{Values: []syntax.Text{{Value: taken[0]}}}
}

// wouldRefuse says why the provider would refuse such a token, of which a test is then no proof.
func wouldRefuse(u *identity.User, p *identity.Provider, at time.Time) error {
	const instead = ": write {credential: %s} to test a refused one"
	terms := p.Terms()
	late, early := at.Add(-terms.Skew), at.Add(terms.Skew)
	switch {
	case terms.TrustDomain != "" && !isMember(u.Subject, terms.TrustDomain):
		return fmt.Errorf("%s takes the JWT-SVIDs of workloads, whose subject is like spiffe://%s/ns/shop/sa/web, and not %q"+instead, p.Name, terms.TrustDomain, u.Subject, reason.TokenClaims)
	case u.Issuer != terms.Issuer:
		return fmt.Errorf("%s refuses tokens of the issuer %q"+instead, p.Name, u.Issuer, reason.TokenIssuer)
	case terms.Audiences != nil && !slices.ContainsFunc(u.Audiences, func(a string) bool { return slices.Contains(terms.Audiences, a) }):
		return fmt.Errorf("%s refuses tokens that are for none of %q"+instead, p.Name, terms.Audiences, reason.TokenAudience)
	case u.Bound != identity.BoundNot && terms.TrustDomain != "":
		return fmt.Errorf("%s refuses bound tokens: a JWT-SVID is bound to nothing"+instead, p.Name, reason.TokenBinding)
	case u.IssuedAt.After(early):
		return fmt.Errorf("this token is issued after the time of the request"+instead, reason.TokenNotYetValid)
	case !u.Expires.After(late):
		return fmt.Errorf("this token has expired at the time of the request"+instead, reason.TokenExpired)
	case u.AuthTime.After(early):
		return fmt.Errorf("this login is after the time of the request"+instead, reason.TokenClaims)
	}
	return nil
}

// isMember says that a subject is the SPIFFE ID of a workload of a trust domain.
func isMember(subject, domain string) bool {
	id, err := spiffeid.FromString(subject)
	return err == nil && id.TrustDomain().Name() == domain && id.Path() != ""
}
