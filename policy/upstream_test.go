package policy_test

import (
	"strings"
	"testing"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// policyWith returns a document that protects the workload and says this of its upstream.
func policyWith(name string, u *syntax.Upstream) syntax.Document {
	return syntax.Document{Kind: "ServicePolicy", Name: name, Namespace: "shop", ServicePolicy: &syntax.ServicePolicy{
		Workloads: []syntax.Text{{Value: workload}}, Upstream: u,
	}}
}

func TestUpstream(t *testing.T) {
	headers := &syntax.Upstream{}
	assertion := &syntax.Upstream{Audience: syntax.Text{Value: "orders"}}
	for name, tc := range map[string]struct {
		says []*syntax.Upstream
		want string
	}{
		"no policy":                   {nil, ""},
		"nobody says anything":        {[]*syntax.Upstream{nil, nil}, ""},
		"headers":                     {[]*syntax.Upstream{headers}, ""},
		"assertion":                   {[]*syntax.Upstream{assertion}, "orders"},
		"silence before an assertion": {[]*syntax.Upstream{nil, assertion}, "orders"},
		"silence after an assertion":  {[]*syntax.Upstream{assertion, nil}, "orders"},
		"the same assertion, twice":   {[]*syntax.Upstream{assertion, nil, assertion}, "orders"},
		"silence after plain headers": {[]*syntax.Upstream{headers, nil, headers}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var documents []syntax.Document
			for i, u := range tc.says {
				documents = append(documents, policyWith(string(rune('a'+i)), u))
			}
			set, err := policy.Compile(documents, options)
			if err != nil {
				t.Fatal(err)
			}
			if got := set.Upstream(); got.Audience() != tc.want || got.Asserts() != (tc.want != "") {
				t.Errorf("got the audience %q, asserts %v", got.Audience(), got.Asserts())
			}
		})
	}
}

// A set that is not there is one that denies: what it says of the upstream is never sent.
func TestUpstreamOfNoSet(t *testing.T) {
	if (*policy.Set)(nil).Upstream().Asserts() || (&policy.Set{}).Upstream().Asserts() {
		t.Error("no set asks for an assertion")
	}
}

// Documents that were not parsed are held to what parsing holds them to.
func TestUpstreamThatParsingRefuses(t *testing.T) {
	for _, audience := range []string{"the orders", "\u00f6rders", "a\x00", strings.Repeat("a", syntax.MaxAudience+1)} {
		u := &syntax.Upstream{Audience: syntax.Text{Value: audience}}
		if set, err := policy.Compile([]syntax.Document{policyWith("a", u)}, options); err == nil || set != nil {
			t.Errorf("the audience %.20q: %v, %v", audience, set, err)
		}
	}
}
