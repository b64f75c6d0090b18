package syntax

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/postern/postern/policy/syntax/tree"
)

var jwtShape = shapeOf(grammar.Object{
	What: "jwt",
	Says: "JSON Web Tokens of one issuer, or the JWT-SVIDs of one trust domain.",
	Fields: []grammar.Field{
		{Name: "issuer", With: []string{"algorithms", "jwks"}, Value: scalar(issuerText), Says: "Compared exactly with `iss`; an `https` URL."},
		{Name: "trustDomain", Value: scalar(domainText), Says: "The trust domain of JWT-SVIDs, as in `shop.test`: their subject is a SPIFFE ID of it, and its JWT bundle verifies them."},
		{Name: "audiences", Need: grammar.Required, Value: listOf(anyText), Says: "Of these at least one must be in `aud`."},
		{Name: "algorithms", Value: listOf(algorithmText), Says: "Those that its signatures may have, of `" + strings.Join(identity.Algorithms(), " ") + "`; `EdDSA` not for `trustDomain`, where left out means all others."},
		{Name: "use", With: ofIssuer, Default: useAccess, Value: scalar(useText), Says: "What the tokens are for; `id` for an issuer whose only JWT is the ID token."},
		{Name: "types", With: ofIssuer, Value: typesValue, Says: "The values of `typ` that are taken; `\"\"` is a token without one. Left out: `[\"\", jwt, at+jwt]`, for `use: id` `[\"\", jwt]`."},
		{Name: "jwks", With: ofIssuer, Value: mapping(jwksShape), Says: "Where the issuer's keys come from."},
		{Name: "skew", Default: short(defaultSkew), Value: scalar(durationScalar), Says: "Tolerance on `exp`, `nbf` and `iat`; at most `" + short(mostSkew) + "`."},
		{Name: "maxLifetime", Default: short(defaultLifetime), Value: scalar(durationScalar), Says: "How long a token may live: `exp` less `iat`."},
		{Name: "maxSize", Default: strconv.Itoa(defaultSize), Value: sizeValue, Says: "How many bytes a token may have; " + strconv.Itoa(leastSize) + " to " + strconv.Itoa(mostSize) + "."},
	},
	Choices: []grammar.Choice{tokensOf},
})

var (
	tokensOf = grammar.Choice{Fields: []string{"issuer", "trustDomain"}, Need: grammar.Required}
	ofIssuer = []string{"issuer"}
)

var (
	typesValue = grammar.Value{List: &grammar.List{Of: scalar(typeText), Least: 1, Unique: true}}
	sizeValue  = scalar(&grammar.Scalar{Form: grammar.Integer, Least: leastSize, Most: mostSize})
)

// The words for what tokens are for.
const (
	useAccess = "access"
	useID     = "id"
)

// The bounds and defaults of a JWT issuer; DESIGN gives them under "For whom".
const (
	defaultSkew     = 30 * time.Second
	mostSkew        = 5 * time.Minute
	defaultLifetime = 24 * time.Hour
	defaultSize     = 8 << 10
	leastSize       = 256
	mostSize        = 64 << 10
)

func (r *reader) jwt(n *tree.Node, d *Document) {
	o := r.object(n, jwtShape)
	if o.node == nil {
		return
	}
	j := identity.JWTIssuer{
		Audiences:   values(r.texts(o.get("audiences"), nil)),
		Skew:        r.duration(o.get("skew"), span{0, mostSkew}, defaultSkew),
		MaxLifetime: r.duration(o.get("maxLifetime"), span{time.Second, year}, defaultLifetime),
		MaxSize:     r.integer(o.get("maxSize"), leastSize, mostSize, defaultSize),
	}
	switch o.choose(tokensOf) {
	case "trustDomain":
		d.IdentityProvider.JWTSVID = o.trustDomain(j)
	case "issuer":
		o.issuer(&j, d)
		d.IdentityProvider.JWT = &j
	}
}

func (o object) issuer(j *identity.JWTIssuer, d *Document) {
	j.Issuer = o.text(o.get("issuer"), checkIssuer).Value
	j.Algorithms = values(o.texts(o.need("algorithms"), checkAlgorithm))
	j.Use = o.use(o.get("use"))
	j.Types = o.types(o.get("types"), j.Use)
	o.keys(o.need("jwks"), &j.Keys, d)
}

func values(texts []Text) []string {
	all := make([]string, len(texts))
	for i, t := range texts {
		all[i] = t.Value
	}
	return all
}

func checkAlgorithm(s string) error {
	algorithms := identity.Algorithms()
	switch {
	case slices.Contains(algorithms, s):
		return nil
	case strings.EqualFold(s, "none"):
		return errors.New("none is no signature: it is never accepted")
	case strings.HasPrefix(strings.ToUpper(s), "HS"):
		return fmt.Errorf("%s is symmetric: whoever can verify it can forge it, so it is never accepted", quote(s))
	}
	if near := Nearest(s, algorithms); near != "" {
		return fmt.Errorf(`unknown algorithm %s: did you mean "%s"?`, quote(s), near)
	}
	return fmt.Errorf("unknown algorithm %s: the algorithms are %s", quote(s), enumerate(algorithms))
}

// use reads what the tokens are for. The zero Use, when it is wrong, accepts nothing.
func (r *reader) use(n *tree.Node) identity.Use {
	if n == nil {
		return identity.UseAccess
	}
	switch use := r.text(n, checkUse); use.Value {
	case useAccess:
		return identity.UseAccess
	case useID:
		return identity.UseID
	}
	return 0
}

func checkUse(s string) error {
	if s != useAccess && s != useID {
		return fmt.Errorf("%s is no use of a token: the uses are access and id", quote(s))
	}
	return nil
}

// types reads the typ values that a token may have. "", in quotes, is a token without typ.
func (r *reader) types(n *tree.Node, use identity.Use) []string {
	switch {
	case n == nil && use == identity.UseID:
		return []string{"", "jwt"}
	case n == nil:
		return []string{"", "jwt", "at+jwt"}
	}
	items := r.items(n)
	if n.Kind == tree.List && len(items) == 0 {
		r.fail(n, "expected at least one type in this list")
	}
	var types []string
	for i := range items {
		t := ""
		if item := &items[i]; !item.Quoted || item.Text != "" {
			t = r.text(item, checkType).Value
		}
		if slices.Contains(types, t) {
			r.fail(&items[i], "%s stands here twice", quote(t))
		}
		types = append(types, t)
	}
	return types
}

// checkType takes a media type as it is compared (RFC 7515 section 4.1.9).
func checkType(s string) error {
	switch {
	case s != strings.ToLower(s):
		return fmt.Errorf("types are compared in lower case: write %s", strings.ToLower(s))
	case strings.HasPrefix(s, "application/"):
		return fmt.Errorf("write %s, without application/", strings.TrimPrefix(s, "application/"))
	case !identity.IsToken(s):
		return fmt.Errorf("%s is no type of a token", quote(s))
	}
	return nil
}
