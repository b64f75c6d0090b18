package suite

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/claims"
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
// claim its field. It is read as the sidecar reads one, so that no test expects anything of a token
// that the provider refuses.
func userOf(from *syntax.TestUser, p *identity.Provider, at time.Time) (*identity.User, error) {
	if from.Roles != nil && p.Claims.Roles == nil {
		return nil, fmt.Errorf("%s maps no claim to roles: add roles to its claims", p.Name)
	}
	t := newToken(from.Claims)
	t.write(from, p, at)
	if t.err != nil {
		return nil, t.err
	}
	u, err := t.read(p, from.KeyID.Value, at)
	if err != nil {
		return nil, fmt.Errorf("%s refuses %w: write {credential: %s} to test a refused one", p.Name, t.refusal(p, err), reason.Of(err))
	}
	t.compare(from, p, u, at)
	return u, t.err
}

// refusal says what the provider refuses, with what the test could have written where that is more
// than a sidecar tells.
func (t *token) refusal(p *identity.Provider, err error) error {
	terms := p.Terms()
	if sub := t.at([]string{"sub"}); terms.TrustDomain != "" && !isMember(sub, terms.TrustDomain) {
		return fmt.Errorf("the subject %q: it takes the JWT-SVIDs of workloads of %s alone, as spiffe://%[2]s/ns/shop/sa/web", sub, terms.TrustDomain)
	}
	switch code := reason.Of(err); {
	case code == reason.TokenIssuer:
		return fmt.Errorf("tokens of the issuer %q", t.at([]string{"iss"}))
	case code == reason.TokenAudience:
		return fmt.Errorf("tokens that are for none of %q", terms.Audiences)
	}
	return fmt.Errorf("such a token: %w", errors.Unwrap(err))
}

// write puts the claims that the user's fields say, and those without which there is no token.
func (t *token) write(from *syntax.TestUser, p *identity.Provider, at time.Time) {
	terms, m := p.Terms(), mapOf(p)
	anybody := "user"
	if terms.TrustDomain != "" {
		anybody = "" // and iss says nothing
	} else {
		t.text([]string{"iss"}, terms.Issuer)
	}
	t.list([]string{"aud"}, from.Audiences)
	if from.Audiences == nil && len(terms.Audiences) > 0 {
		t.put([]string{"aud"}, []any{terms.Audiences[0]})
	}
	t.text(m.Subject, from.Subject.Value, from.Name.Value, anybody)
	t.text([]string{"sub"}, t.at(m.Subject))
	t.text(m.Client, from.Client.Value)
	t.words(m.Scopes, from.Scopes)
	t.list(m.Roles, from.Roles)
	t.text([]string{"acr"}, from.ACR.Value)
	t.list([]string{"amr"}, from.AMR)
	t.bind(from.Bound.Value)
	t.act(from.Actors)
	t.age("auth_time", from.AuthAge, at, time.Time{})
	written := claims.Of(t.claims)
	t.age("iat", from.TokenAge, at, issued(written.Time(claims.Optional, "exp"), at))
	t.age("exp", nil, at, expiry(terms, written.Time(claims.Optional, "iat"), at))
}

// mapOf returns which claims the fields of a user are written to.
func mapOf(p *identity.Provider) identity.ClaimMap {
	m := p.Claims
	if m.Subject == nil {
		m.Subject = []string{"sub"}
	}
	if m.Client == nil {
		m.Client = []string{"client_id"}
	}
	if m.Scopes == nil {
		m.Scopes = []string{"scope"} // which is then not read: compare says so
	}
	return m
}

// issued is the time of the request, unless the token has expired by then.
func issued(expires, at time.Time) time.Time {
	if early := expires.Add(-lifetime); early.Unix() > 0 && !expires.After(at) {
		return early
	}
	return at
}

// expiry is soon after the time of the request, unless the provider allows no such age.
func expiry(terms identity.Terms, issued, at time.Time) time.Time {
	end := at.Add(lifetime)
	switch {
	case issued.IsZero(): // there is none, for which the token is refused
		return end
	case issued.After(at): // and so for that
		end = issued.Add(lifetime)
	}
	if end.Sub(issued) > terms.MaxLifetime {
		return issued.Add(terms.MaxLifetime)
	}
	return end
}

// read is what the provider does with a token of these claims. The error is a *reason.Error.
func (t *token) read(p *identity.Provider, keyID string, at time.Time) (*identity.User, error) {
	if domain, sub := p.Terms().TrustDomain, t.at([]string{"sub"}); domain != "" && !isMember(sub, domain) {
		return nil, reason.Errorf(reason.TokenClaims, "sub is not the SPIFFE ID of a member")
	}
	reader := claims.New(*p)
	if err := reader.Addresses(t.claims["iss"]); err != nil {
		return nil, err
	}
	return reader.ReadForOwner(t.claims, keyID, at)
}

// compare holds that no claim says something else than its field.
func (t *token) compare(from *syntax.TestUser, p *identity.Provider, u *identity.User, at time.Time) {
	m := mapOf(p)
	t.same(m.Subject, from.Subject.Value, u.Subject)
	t.same(m.Client, from.Client.Value, u.Client)
	t.same([]string{"acr"}, from.ACR.Value, u.ACR)
	t.sameList([]string{"aud"}, from.Audiences, u.Audiences)
	t.sameList(m.Scopes, from.Scopes, u.Scopes)
	t.sameList(m.Roles, from.Roles, u.Roles)
	t.sameList([]string{"amr"}, from.AMR, u.AMR)
	t.sameAge("auth_time", from.AuthAge, at, u.AuthTime)
	t.sameAge("iat", from.TokenAge, at, u.IssuedAt)
	if from.Actors != nil && !slices.Equal(actorsOf(from.Actors), u.Actors) {
		t.fail([]string{"act"}, "has other actors than the user's field")
	}
}

// isMember says that a subject is the SPIFFE ID of a workload of a trust domain.
func isMember(subject, domain string) bool {
	id, err := spiffeid.FromString(subject)
	return err == nil && id.TrustDomain().Name() == domain && id.Path() != ""
}
