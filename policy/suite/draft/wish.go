package draft

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/policy/syntax"
)

// A wish is a request that shall come about. It is copied before it is changed.
type wish struct {
	method, path string // or call
	call         string // package.Service/Method
	host         string // "": any
	upgrade      string
	source       string
	headers      map[string][]string
	params       map[string]string // what the path has for each variable of its template, of one segment

	caller string  // a SPIFFE ID; "" for none
	user   *person // nil for nobody
}

// A person is the user of a wish.
type person struct {
	provider, subject, client, acr string
	domain                         string   // the trust domain of its provider's JWT-SVIDs; "" for a provider of another kind
	audiences                      []string // nil: the provider's first
	scopes, roles, amr             []string
	authAge                        *time.Duration
	bound                          string   // to what its token is bound; "" for nothing
	actors                         []string // their subjects, the current one first
	claims                         map[string]string
}

func (w *wish) clone() *wish {
	c := *w
	c.headers = maps.Clone(w.headers)
	if w.user != nil {
		u := *w.user
		u.claims = maps.Clone(w.user.claims)
		c.user = &u
	}
	return &c
}

// unwritable are the headers that a test says with other fields.
var unwritable = []string{"upgrade", "connection", "x-request-id"}

// isWritable says that a test can ask for it.
func (w *wish) isWritable() bool {
	return !slices.ContainsFunc(unwritable, func(name string) bool { return w.headers[name] != nil })
}

// inCase returns the wish as a case of a test.
func (w *wish) inCase() syntax.Case {
	q := &syntax.TestRequest{
		Method: text(w.method), Path: text(w.path), GRPC: text(w.call), Host: text(w.host), Upgrade: text(w.upgrade), Source: text(w.source),
	}
	if len(w.headers) > 0 {
		q.Headers = &syntax.TestHeaders{}
		for _, name := range slices.Sorted(maps.Keys(w.headers)) {
			q.Headers.Fields = append(q.Headers.Fields, syntax.TestHeader{Name: name, Values: texts(w.headers[name])})
		}
	}
	return syntax.Case{Request: q, Caller: &syntax.TestCaller{ID: text(w.caller)}, User: w.user.inTest()}
}

func (p *person) inTest() *syntax.TestUser {
	if p == nil {
		return &syntax.TestUser{}
	}
	u := &syntax.TestUser{
		Provider: text(p.provider), Subject: text(p.who()), Client: text(p.client), ACR: text(p.acr), Bound: text(p.bound),
		Audiences: values(p.audiences), Scopes: values(p.scopes), Roles: values(p.roles), AMR: values(p.amr),
	}
	if p.authAge != nil {
		u.AuthAge = &syntax.MaxAge{Age: *p.authAge}
	}
	if p.actors != nil {
		u.Actors = &syntax.TestActors{}
		for _, subject := range p.actors {
			u.Actors.Actors = append(u.Actors.Actors, syntax.TestActor{Subject: text(subject)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.claims)) {
		u.Claims = append(u.Claims, syntax.TestClaim{Name: text(name), Value: p.claims[name]})
	}
	return u
}

// who returns the person's subject; where nothing asks for one it is any. That of a JWT-SVID is a
// SPIFFE ID.
func (p *person) who() string {
	subject := p.subject
	if subject == "" {
		subject = anySubject
	}
	if p.domain != "" && !strings.HasPrefix(subject, "spiffe://") {
		return "spiffe://" + p.domain + "/" + subject
	}
	return subject
}

func text(s string) syntax.Text { return syntax.Text{Value: s} }

func texts(all []string) []syntax.Text {
	list := make([]syntax.Text, len(all))
	for i, s := range all {
		list[i] = text(s)
	}
	return list
}

func values(all []string) *syntax.TestValues {
	if all == nil {
		return nil
	}
	return &syntax.TestValues{Values: texts(all)}
}

// address returns an address in a range, as a test writes it.
func address(p netip.Prefix) string {
	addr := p.Addr()
	if next := addr.Next(); p.Contains(next) {
		addr = next
	}
	return addr.String()
}
