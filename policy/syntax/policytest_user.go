package syntax

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy/syntax/tree"
)

// A TestUser is what came of looking for a user: one who was proven, a credential that is bad, or,
// when both Provider and Credential are zero, nobody. The zero value of each other field is what
// was not named.
type TestUser struct {
	Position   Position
	Name       Text // the user's own, or that of whom it is like; zero where there is neither
	Provider   Text
	Credential Text // why the credential is bad, the name of a reason; zero when it is good

	Subject   Text
	Client    Text
	ACR       Text
	Audiences *TestValues
	Scopes    *TestValues
	Roles     *TestValues
	AMR       *TestValues
	KeyID     Text
	AuthAge   *MaxAge // how long ago the login was
	TokenAge  *MaxAge // how long ago the token was issued
	Bound     Text    // what the token is bound to: mtls
	Actors    *TestActors
	Claims    []TestClaim
}

// TestActors are all who act for a user, the current one first. There may be none.
type TestActors struct {
	Position Position
	Actors   []TestActor // at most identity.MaxActors
}

// A TestActor is one who acts for a user. What was not named is zero; a Subject was.
type TestActor struct{ Subject, Issuer, Client Text }

// TestValues are all values of one kind. There may be none.
type TestValues struct {
	Position Position
	Values   []Text
}

// A TestClaim is a claim of a token, as it is read from JSON: numbers are json.Number.
type TestClaim struct {
	Name  Text
	Value any
}

// readUsers reads the users of a document. One may be like another that stands before it.
func (c *cast) readUsers(n *tree.Node) {
	switch {
	case n == nil:
		return
	case n.Kind != tree.Mapping:
		c.fail(n, "expected users (a mapping of names to users), found %s", found(n))
		return
	}
	for key, value := range n.Fields() {
		u := c.userObject(value)
		if u.Name = c.text(key, checkCast); u.Name.Value != "" {
			c.users = append(c.users, u)
		}
	}
}

// user reads a name of the users, none, or a user that is written out.
func (c *cast) user(n *tree.Node) *TestUser {
	switch {
	case n == nil:
		return nil
	case n.Kind == tree.Mapping:
		u := c.userObject(n)
		return &u
	}
	name := c.text(n, func(s string) error {
		if s == nobody {
			return nil
		}
		return c.checkUser(s)
	})
	switch name.Value {
	case "":
		return nil
	case nobody:
		return &TestUser{Position: name.Position}
	}
	return c.known(name.Value)
}

func (c *cast) known(name string) *TestUser {
	i := slices.IndexFunc(c.users, func(u TestUser) bool { return u.Name.Value == name })
	if i < 0 {
		return nil
	}
	return &c.users[i]
}

func (c *cast) checkUser(name string) error {
	if c.known(name) != nil {
		return nil
	}
	var names []string
	for i := range c.users {
		names = append(names, c.users[i].Name.Value)
	}
	if near := Nearest(name, names); near != "" {
		return fmt.Errorf("there is no user %s above: did you mean %q?", quote(name), near)
	}
	return fmt.Errorf("there is no user %s above: define it under users", quote(name))
}

// userObject reads what a user is. What is like another has all of it but what it names itself.
func (c *cast) userObject(n *tree.Node) TestUser {
	o := c.object(n, testUserShape)
	u := TestUser{}
	if like := c.text(o.get("like"), c.checkUser); like.Value != "" {
		u = *c.known(like.Value)
	}
	u.Position = c.position(n)
	c.replace(&u.Provider, o.get("provider"), checkSubdomain)
	c.replace(&u.Credential, o.get("credential"), checkBadCredential)
	c.replace(&u.Subject, o.get("subject"), nil)
	c.replace(&u.Client, o.get("client"), nil)
	c.replace(&u.ACR, o.get("acr"), oneWord(checkACR))
	c.replace(&u.KeyID, o.get("keyID"), nil)
	c.replaceValues(&u.Audiences, o.get("audiences"), nil)
	c.replaceValues(&u.Scopes, o.get("scopes"), oneWord(checkScope))
	c.replaceValues(&u.Roles, o.get("roles"), nil)
	c.replaceValues(&u.AMR, o.get("amr"), nil)
	c.replaceAge(&u.AuthAge, o.get("authAge"))
	c.replaceAge(&u.TokenAge, o.get("tokenAge"))
	if bound := o.get("bound"); bound != nil {
		u.Bound = c.bound(bound)
	}
	c.replaceActors(&u.Actors, o.get("actors"))
	u.Claims = c.testClaims(u.Claims, o.get("claims"))
	if o.node != nil && o.get("like") == nil && o.get("credential") == nil {
		o.need("provider")
	}
	if at := o.get("credential"); at != nil && u.speaks() {
		c.fail(at, "a bad credential speaks for nobody: leave out all but its provider")
	}
	return u
}

// speaks says that something is said of whom the credential speaks for.
func (u *TestUser) speaks() bool {
	return u.Subject.Value+u.Client.Value+u.ACR.Value+u.KeyID.Value+u.Bound.Value != "" || u.AuthAge != nil || u.TokenAge != nil || len(u.Claims) > 0 ||
		u.Audiences != nil || u.Scopes != nil || u.Roles != nil || u.AMR != nil || u.Actors != nil
}

// oneWord says first what is wrong with several, of which a token's user has a list.
func oneWord(check check) check {
	return func(s string) error {
		if strings.Contains(s, " ") {
			return fmt.Errorf("%s has a space: it is one value", quote(s))
		}
		return check(s)
	}
}

func (r *reader) replace(t *Text, n *tree.Node, check check) {
	if n != nil {
		*t = r.text(n, check)
	}
}

func (r *reader) replaceValues(v **TestValues, n *tree.Node, check check) {
	switch {
	case n == nil:
	case n.Kind == tree.List && len(n.Items) == 0:
		*v = &TestValues{Position: r.position(n)}
	default:
		*v = &TestValues{r.position(n), r.texts(n, check)}
	}
}

func (r *reader) replaceAge(age **MaxAge, n *tree.Node) {
	if n != nil {
		*age = &MaxAge{r.position(n), r.duration(n, span{0, year}, 0)}
	}
}

func (r *reader) replaceActors(actors **TestActors, n *tree.Node) {
	if n == nil {
		return
	}
	all := &TestActors{Position: r.position(n)}
	items := r.items(n)
	if len(items) > identity.MaxActors {
		r.fail(n, "a user has at most %d actors, one for the other", identity.MaxActors)
		items = items[:identity.MaxActors]
	}
	for i := range items {
		o := r.object(&items[i], testActorShape)
		all.Actors = append(all.Actors, TestActor{
			Subject: r.text(o.get("subject"), nil), Issuer: r.text(o.get("issuer"), nil), Client: r.text(o.get("client"), nil),
		})
	}
	*actors = all
}

// isBadCredential says that credentials are refused for the reason.
func isBadCredential(code reason.Code) bool {
	return reason.CredentialDuplicate <= code && code <= reason.KeysPending
}

func checkBadCredential(name string) error {
	switch code, known := reason.Named(name); {
	case known && isBadCredential(code):
		return nil
	case known && code == reason.CredentialMissing:
		return fmt.Errorf("without a credential there is no user: write user: %s", nobody)
	}
	names := credentialText.Enum
	if near := Nearest(name, names); near != "" {
		return fmt.Errorf("no credential is refused for %s: did you mean %q?", quote(name), near)
	}
	return fmt.Errorf("no credential is refused for %s: the reasons are %s", quote(name), enumerate(names))
}

// testClaims puts what n names in place of what there is.
func (r *reader) testClaims(known []TestClaim, n *tree.Node) []TestClaim {
	switch {
	case n == nil:
		return known
	case n.Kind != tree.Mapping:
		r.fail(n, "expected claims (a mapping of names to values), found %s", found(n))
		return nil
	}
	known = slices.Clone(known)
	for key, value := range n.Fields() {
		claim := TestClaim{r.text(key, nil), r.testClaim(value)}
		i := slices.IndexFunc(known, func(k TestClaim) bool { return k.Name.Value == claim.Name.Value })
		switch {
		case claim.Name.Value == "":
		case i >= 0:
			known[i] = claim
		default:
			known = append(known, claim)
		}
	}
	return known
}

// jsonNumber is the grammar of numbers in JSON (RFC 8259 section 6).
var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// testClaim reads a value as JSON has it.
func (r *reader) testClaim(n *tree.Node) any {
	switch n.Kind {
	case tree.List:
		list := make([]any, len(n.Items))
		for i := range n.Items {
			list[i] = r.testClaim(&n.Items[i])
		}
		return list
	case tree.Mapping:
		object := make(map[string]any, len(n.Items)/2)
		for key, value := range n.Fields() {
			if name := r.text(key, nil); name.Value != "" {
				object[name.Value] = r.testClaim(value)
			}
		}
		return object
	case tree.Nothing:
		r.fail(n, "expected a value, found nothing: write null, or leave the claim out")
		return nil
	case tree.Scalar:
	}
	return r.testClaimScalar(n)
}

func (r *reader) testClaimScalar(n *tree.Node) any {
	switch {
	case n.Quoted && n.Text == "":
		return ""
	case n.Quoted || tree.TypeOf(n.Text) == tree.String:
		return r.text(n, nil).Value
	case n.Text == "true" || n.Text == "false":
		return n.Text == "true"
	case n.Text == "null":
		return nil
	case jsonNumber.MatchString(n.Text):
		return json.Number(r.keep(n.Text))
	}
	r.fail(n, "%s is not what JSON has: put it in quotes if it is a string", quote(n.Text))
	return nil
}
