package syntax

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/postern/postern/policy/syntax/tree"
)

// Upstream says how the workload learns who was verified.
type Upstream struct {
	Position Position
	Audience Text // of a signed assertion; zero: by plain headers
}

// The words for how an identity is told.
const (
	byHeaders   = "headers"
	byAssertion = "assertion"
)

// MaxAudience is how many bytes the audience of an assertion may have.
const MaxAudience = 255

var audienceText = &grammar.Scalar{Pattern: `^[!-~]+$`, Longest: MaxAudience}

var upstreamShape = shapeOf(grammar.Object{
	What: "upstream",
	Says: "How the workload learns who was verified. Policies that protect one workload must not disagree.",
	Fields: []grammar.Field{
		{Name: "identity", Need: grammar.Required, Value: scalar(&grammar.Scalar{Enum: []string{byHeaders, byAssertion}}), Says: "`headers`: the plain `x-postern-caller`, `-user`, `-provider` and `-scopes`. `assertion`: `x-postern-assertion` in their place, a JWT that Postern signs."},
		{Name: "audience", Value: scalar(audienceText), Says: "The `aud` of the assertion, which needs one: visible ASCII, at most 255 bytes."},
	},
})

func (r *reader) upstream(n *tree.Node) *Upstream {
	o := r.object(n, upstreamShape)
	if o.node == nil {
		return nil
	}
	u := &Upstream{Position: r.position(n)}
	audience := o.get("audience")
	u.Audience = r.text(audience, checkAudience)
	switch r.text(o.get("identity"), checkIdentity).Value {
	case byAssertion:
		if audience == nil && !slices.Contains(o.meant, "audience") {
			r.fail(n, "an assertion is for somebody: name the audience, which the workload compares with aud")
		}
	case byHeaders:
		if audience != nil {
			r.fail(audience, "an audience belongs to identity: assertion: plain headers have none")
		}
	}
	return u
}

func checkIdentity(s string) error {
	words := []string{byHeaders, byAssertion}
	if slices.Contains(words, s) {
		return nil
	}
	if near := Nearest(s, words); near != "" {
		return fmt.Errorf("unknown identity %s: did you mean %q?", quote(s), near)
	}
	return fmt.Errorf("unknown identity %s: the workload learns it by %s", quote(s), strings.Join(words, " or "))
}

// checkAudience holds a name to what every library compares byte for byte.
func checkAudience(s string) error {
	if len(s) > MaxAudience {
		return fmt.Errorf("this audience has %d bytes: at most %d", len(s), MaxAudience)
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return fmt.Errorf("%s is no audience: visible ASCII without spaces", quote(s))
		}
	}
	return nil
}
