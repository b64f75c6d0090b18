package syntax

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/pattern"
	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/postern/postern/policy/syntax/tree"
)

var revocationShape = shapeOf(grammar.Object{
	What: "the spec of a Revocation",
	Says: "What is cut off now. Each entry ends by itself.",
	Fields: []grammar.Field{
		{Name: "entries", Need: grammar.Required, Value: listOfObjects(entryShape), Says: "What is cut off, each until a time. There may be none yet."},
	},
})

var entryShape = shapeOf(grammar.Object{
	What: "an entry",
	Says: "Cuts off one kind of thing until a time: credentials of a provider, callers, or certificates.",
	Fields: []grammar.Field{
		{Name: "name", Value: scalar(labelText), Says: "What records call it; unique in its document."},
		{Name: "provider", Value: providerValue, Says: "The IdentityProvider of what is named, or a list of several."},
		{Name: "subjects", With: ofProvider, Value: listOf(anyText), Says: "All credentials of these users."},
		{Name: "tokenIDs", With: ofProvider, Value: listOf(anyText), Says: "The tokens with these ids (`jti`)."},
		{Name: "sessionIDs", With: ofProvider, Value: listOf(anyText), Says: "The tokens of these sessions (`sid`)."},
		{Name: "keyIDs", With: ofProvider, Value: listOf(anyText), Says: "The tokens that these keys verify (`kid`)."},
		{Name: "issuedBefore", With: ofProvider, Value: scalar(timeScalar), Says: "All tokens that were issued before, or beside `subjects` those of these users."},
		{Name: "callers", Value: listOf(patternText), Says: "The workloads that match these SPIFFE ID patterns."},
		{Name: "trustDomain", With: []string{"serials"}, Value: scalar(domainText), Says: "The trust domain of the certificates, as in `shop.test`."},
		{Name: "serials", With: []string{"trustDomain"}, Value: listOf(serialText), Says: "The certificates with these serial numbers, in lower-case hexadecimal digits."},
		{Name: "until", Need: grammar.Required, Value: scalar(timeScalar), Says: "From when on the entry does nothing."},
	},
	Choices: []grammar.Choice{{Fields: cutOff[:len(cutOff)-1]}},
	Some:    cutOff,
}).refuses(map[string]string{"apiKeyIDs": notYet})

var ofProvider = []string{"provider"}

// cutOff is what an entry may name, one of which it does. issuedBefore stands alone, or narrows
// subjects.
var cutOff = []string{"subjects", "tokenIDs", "sessionIDs", "keyIDs", "callers", "serials", "issuedBefore"}

// maxSerial is how many bytes a serial number has at most (RFC 5280 section 4.1.2.2).
const maxSerial = 20

// revocation reads the entries. There may be none: that is how the last one is taken back.
func (r *reader) revocation(n *tree.Node, d *Document) *identity.Revocation {
	o := r.object(n, revocationShape)
	if o.node == nil {
		return nil
	}
	items := r.items(o.get("entries"))
	revocation := &identity.Revocation{Name: d.Name, Entries: make([]identity.RevocationEntry, 0, len(items))}
	seen := newSeen(len(items))
	for i := range items {
		entry, name := r.entry(&items[i])
		if line := seen.add(name); line > 0 {
			r.errors.Add(&Error{name.Position, fmt.Sprintf("an entry named %s stands in line %d already", quote(name.Value), line)})
		}
		revocation.Entries = append(revocation.Entries, entry)
	}
	return revocation
}

func (r *reader) entry(n *tree.Node) (identity.RevocationEntry, Text) {
	o := r.object(n, entryShape)
	name := r.text(o.get("name"), checkLabel)
	e := identity.RevocationEntry{
		At:           r.position(n).String(),
		Name:         name.Value,
		Until:        r.timestamp(o.get("until")),
		IssuedBefore: r.timestamp(o.get("issuedBefore")),
		Callers:      values(r.texts(o.get("callers"), checkPattern)),
		Serials:      values(r.texts(o.get("serials"), checkSerial)),
		Subjects:     values(r.tokenTexts(o.get("subjects"))),
		TokenIDs:     values(r.tokenTexts(o.get("tokenIDs"))),
		SessionIDs:   values(r.tokenTexts(o.get("sessionIDs"))),
		KeyIDs:       values(r.tokenTexts(o.get("keyIDs"))),
	}
	switch o.kindOfEntry() {
	case "callers":
		o.without("provider", "trustDomain")
	case "serials":
		o.without("provider")
		e.TrustDomain = r.only(o.need("trustDomain"), checkTrustDomain, "one trust domain", "write an entry for each").Value
	case "": // which is reported
	default:
		o.without("trustDomain")
		if provider := o.need("provider"); provider != nil {
			e.Providers = values(r.providers(provider))
		}
	}
	return e, name
}

// kindOfEntry returns the field that says what is cut off, "" when none or more than one does.
func (o object) kindOfEntry() string {
	if o.get("subjects") == nil {
		return o.one(cutOff...)
	}
	return o.one(cutOff[:len(cutOff)-1]...)
}

// without refuses fields that belong to entries about something else.
func (o object) without(fields ...string) {
	for key := range o.node.Fields() {
		if slices.Contains(fields, key.Text) {
			o.fail(key, "%s belongs to an entry about %s", key.Text, map[string]string{"provider": "tokens", "trustDomain": "serials"}[key.Text])
		}
	}
}

func checkTrustDomain(s string) error {
	if id, ok := strings.CutPrefix(s, "spiffe://"); ok && id != "" && id[0] != '/' {
		name, _, _ := strings.Cut(id, "/")
		return fmt.Errorf("write %s, the name of the trust domain alone", quote(name))
	}
	if strings.Contains(s, "/") {
		return errors.New("a trust domain is a name alone, as in shop.test")
	}
	_, err := pattern.Parse("spiffe://" + s + "/**")
	return err
}

// checkSerial takes a serial number in one spelling: that of openssl in lower case, two digits a
// byte.
func checkSerial(s string) error {
	const how = "the hexadecimal digits that openssl x509 -noout -serial prints, in lower case"
	plain := strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(s))
	plain = strings.TrimPrefix(strings.TrimPrefix(plain, "serial="), "0x")
	if len(plain)%2 == 1 {
		plain = "0" + plain
	}
	for strings.HasPrefix(plain, "00") && len(plain) > 2 {
		plain = plain[2:]
	}
	_, err := hex.DecodeString(plain)
	switch {
	case err != nil || plain == "":
		return fmt.Errorf("%s is no serial number: write %s", quote(s), how)
	case len(plain) > 2*maxSerial:
		return fmt.Errorf("a serial number has at most %d bytes: cut the SPIFFE ID off, by callers", maxSerial)
	case plain != s:
		return fmt.Errorf("write %q, the one spelling of this serial number", plain)
	}
	return nil
}
