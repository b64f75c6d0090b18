package syntax

import (
	"errors"
	"fmt"
	"strings"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/postern/postern/policy/syntax/tree"
)

// headersValue is what headers reads.
var headersValue = grammar.Value{Map: &grammar.Map{Name: headerText, Of: textOr(headerValueText, headerShape), Least: 1}}

var headerForms = grammar.Choice{Fields: []string{"any", "all", "present"}, Need: grammar.Required}

var headerShape = shapeOf(grammar.Object{
	What: "a header",
	Says: "What a header's values must be. In an allow every value that was sent must be one of those named; in a deny one such value is enough.",
	Fields: []grammar.Field{
		{Name: "any", Value: listOf(headerValueText), Says: "One of these values."},
		{Name: "all", Value: listOf(headerValueText), Says: "All of these values."},
		{Name: "present", Value: scalar(booleanScalar), Says: "`true`: sent, with whatever value. `false`: not sent."},
	},
	Choices: []grammar.Choice{headerForms},
})

func (r *reader) headers(n *tree.Node) []Header {
	switch {
	case n == nil:
		return nil
	case n.Kind != tree.Mapping:
		r.fail(n, "expected headers (a mapping of names to values), found %s", found(n))
		return nil
	case len(n.Items) == 0:
		r.fail(n, "headers needs at least one name")
	}
	var headers []Header
	for key, value := range n.Fields() {
		if name := r.text(key, checkHeader); name.Value != "" {
			headers = append(headers, r.header(name, value))
		}
	}
	return headers
}

func (r *reader) header(name Text, n *tree.Node) Header {
	h := Header{Position: name.Position, Name: name.Value}
	switch n.Kind {
	case tree.List:
		r.fail(n, "one value is plain, and more than one says {any: […]} or {all: […]}: not a bare list")
	case tree.Mapping:
		o := r.object(n, headerShape)
		form := o.choose(headerForms)
		if form == "present" {
			h.Present = r.present(o.get(form))
		} else if form != "" {
			h.Match = r.values(n, form == "all", o.get(form), checkHeaderValue)
		}
	default:
		h.Match = &Match{Position: r.position(n), Values: nonEmpty(r.text(n, checkHeaderValue))}
	}
	return h
}

func (r *reader) present(n *tree.Node) *bool {
	if value, ok := r.boolean(n); ok {
		return &value
	}
	return nil
}

// checkHeader takes the name of a header that a rule may read: as Envoy spells it, and saying
// something that is the client's to say.
func checkHeader(name string) error {
	if err := checkHeaderName(name); err != nil {
		return err
	}
	switch name {
	case "authorization", "proxy-authorization", "cookie":
		return fmt.Errorf("%s holds credentials, which an IdentityProvider reads: ask for a user", name)
	}
	return nil
}

// checkHeaderName is checkHeader without the credentials.
func checkHeaderName(name string) error {
	switch {
	case strings.HasPrefix(name, ":"):
		return fmt.Errorf("%s is no header: a route's methods, path and hosts match it", quote(name))
	case !identity.IsToken(name):
		return fmt.Errorf("%s is no header name", quote(name))
	case name != strings.ToLower(name):
		return fmt.Errorf("header names are lower case here, or they would never match: write %s", strings.ToLower(name))
	case name == "host":
		return errors.New("host is matched by a route's hosts")
	case name == "x-forwarded-client-cert":
		return errors.New("x-forwarded-client-cert can be forged: a rule's callers match who was proven")
	case strings.HasPrefix(name, "x-postern-"):
		return fmt.Errorf("%s is set by Postern for the service behind it: in a request it is anybody's word", name)
	}
	return nil
}

// checkHeaderValue takes what Envoy may deliver: it trims spaces.
func checkHeaderValue(s string) error {
	if s != strings.TrimSpace(s) {
		return errors.New("a header's value has no space at either end, so this would never match")
	}
	return nil
}
