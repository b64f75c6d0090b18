package explain

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy/explain/curl"
	"github.com/postern/postern/policy/syntax"
)

// readRequest reads where a request comes from, and what it asks to become.
func (q Question) readRequest(a *asked, _ curl.Request) error {
	r := a.in.Request
	r.Upgrade.Value = first(q.Upgrade, r.Upgrade.Value)
	if q.Source != "" {
		addr, err := netip.ParseAddr(q.Source)
		if err != nil || addr.Zone() != "" {
			return fmt.Errorf("--source: %q is no IP address", q.Source)
		}
		r.Source.Value = addr.Unmap().String()
	}
	if q.Caller == "" {
		return nil
	}
	if _, err := spiffeid.FromString(q.Caller); err != nil {
		return fmt.Errorf("--caller: %q is no SPIFFE ID: %w", q.Caller, err)
	}
	a.in.Caller = &syntax.TestCaller{ID: syntax.Text{Value: q.Caller}}
	return nil
}

// readUser reads who the user is, by the question's own word.
func (q Question) readUser(a *asked, _ curl.Request) error {
	described := q.Client+q.ACR+q.KeyID+q.Bound != "" || len(q.Audience)+len(q.Scopes)+len(q.Roles)+len(q.AMR)+len(q.Actors)+len(q.Claims) > 0 ||
		q.AuthAge != nil || q.TokenAge != nil
	provider, subject, _ := strings.Cut(q.User, "/")
	switch {
	case q.Credential != "" && (described || subject != ""):
		return errors.New("--credential: a credential that is refused speaks for nobody: leave out what is said of its user, but for --user PROVIDER")
	case q.Credential != "":
		if err := checkCredential(q.Credential); err != nil {
			return err
		}
	case q.Bound != "" && q.Bound != identity.BoundMTLS.String():
		return fmt.Errorf("--bound: nothing can be bound to %q: write %s, for the certificate of the caller", q.Bound, identity.BoundMTLS)
	case len(q.Actors) > identity.MaxActors:
		return fmt.Errorf("--actor: a user has at most %d actors, one for the other", identity.MaxActors)
	case slices.Contains(q.Actors, ""):
		return errors.New("--actor: an actor has a subject")
	case q.User == "" && described:
		return errors.New("what is said of a user needs the user: --user PROVIDER/SUBJECT")
	case q.User == "":
		return nil
	case provider == "" || subject == "":
		return errors.New("--user: write PROVIDER/SUBJECT, as in shop-idp/alice")
	}
	u := &syntax.TestUser{
		Provider: syntax.Text{Value: provider}, Credential: syntax.Text{Value: q.Credential}, Subject: syntax.Text{Value: subject},
		Client: syntax.Text{Value: q.Client}, ACR: syntax.Text{Value: q.ACR}, KeyID: syntax.Text{Value: q.KeyID},
		Audiences: valuesOf(q.Audience), Scopes: valuesOf(q.Scopes), Roles: valuesOf(q.Roles), AMR: valuesOf(q.AMR),
		AuthAge: ageOf(q.AuthAge), TokenAge: ageOf(q.TokenAge), Bound: syntax.Text{Value: q.Bound}, Actors: actorsOf(q.Actors),
	}
	for _, text := range q.Claims {
		claim, err := claimOf(text)
		if err != nil {
			return err
		}
		u.Claims = append(u.Claims, claim)
	}
	a.in.User, a.named = u, true
	return nil
}

func valuesOf(values []string) *syntax.TestValues {
	if len(values) == 0 {
		return nil
	}
	return &syntax.TestValues{Values: texts(values)}
}

func actorsOf(subjects []string) *syntax.TestActors {
	if len(subjects) == 0 {
		return nil
	}
	all := &syntax.TestActors{}
	for _, s := range subjects {
		all.Actors = append(all.Actors, syntax.TestActor{Subject: syntax.Text{Value: s}})
	}
	return all
}

func ageOf(age *time.Duration) *syntax.MaxAge {
	if age == nil {
		return nil
	}
	return &syntax.MaxAge{Age: *age}
}

func checkCredential(name string) error {
	code, ok := reason.Named(name)
	if !ok || code < reason.CredentialDuplicate || code > reason.KeysPending {
		return fmt.Errorf("--credential: no credential is refused for %q: write a reason such as %s or %s", name, reason.TokenExpired, reason.TokenSignature)
	}
	return nil
}

// claimOf reads NAME=JSON.
func claimOf(text string) (syntax.TestClaim, error) {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return syntax.TestClaim{}, errors.New("--claim: write NAME=JSON, as in level=3")
	}
	d := json.NewDecoder(strings.NewReader(value))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return syntax.TestClaim{}, fmt.Errorf(`--claim: the value of %s is not JSON: a string is written %s="text"`, name, name)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return syntax.TestClaim{}, fmt.Errorf("--claim: something follows the value of %s", name)
	}
	return syntax.TestClaim{Name: syntax.Text{Value: name}, Value: v}, nil
}
