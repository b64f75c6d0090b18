package syntax

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax/tree"
)

var jwtShape = &shape{
	what:    "jwt",
	fields:  []string{"issuer", "audiences", "algorithms", "use", "types", "jwks", "skew", "maxLifetime", "maxSize"},
	refused: map[string]string{"trustDomain": notYet},
}

// The bounds and defaults of a JWT issuer; DESIGN gives them under "For whom".
const (
	defaultSkew     = 30 * time.Second
	defaultLifetime = 24 * time.Hour
	defaultSize     = 8 << 10
	leastSize       = 256
	mostSize        = 64 << 10
)

func (r *reader) jwt(n *tree.Node, d *Document) *identity.JWTIssuer {
	o := r.object(n, jwtShape)
	if o.node == nil {
		return nil
	}
	j := &identity.JWTIssuer{
		Issuer:      r.text(o.need("issuer"), checkIssuer).Value,
		Audiences:   values(r.texts(o.need("audiences"), nil)),
		Algorithms:  values(r.texts(o.need("algorithms"), checkAlgorithm)),
		Use:         r.use(o.get("use")),
		Skew:        r.duration(o.get("skew"), span{0, 5 * time.Minute}, defaultSkew),
		MaxLifetime: r.duration(o.get("maxLifetime"), span{time.Second, year}, defaultLifetime),
		MaxSize:     r.integer(o.get("maxSize"), leastSize, mostSize, defaultSize),
	}
	j.Types = r.types(o.get("types"), j.Use)
	r.keys(o.need("jwks"), &j.Keys, d)
	return j
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
	if near := nearest(s, algorithms); near != "" {
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
	case "access":
		return identity.UseAccess
	case "id":
		return identity.UseID
	}
	return 0
}

func checkUse(s string) error {
	if s != "access" && s != "id" {
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
