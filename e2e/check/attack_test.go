package check_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	config "github.com/postern/postern/deploy/envoy"
	"github.com/postern/postern/deploy/envoy/check"
	"github.com/postern/postern/deploy/envoy/envoytest"
)

// An attack is what a rule of the checker protects from.
type attack struct {
	rule string
	name string
	with []string // edits for Apply that both configurations get, to set the scene
	weak []string // the edits that break the rule
	try  func(t *testing.T, g *gate) (worked bool)
}

func attacks(p *place) []attack {
	return slices.Concat(tlsAttacks(p), headerAttacks(), httpAttacks(), authzAttacks(p), answerAttacks(), filterAttacks(p), routeAttacks(p), secretAttacks(p), processAttacks())
}

// unattacked returns the rules without an attack, with the reason.
func unattacked() map[string]string {
	return map[string]string{
		"http3":           "there is no QUIC client here",
		"authz-in-clear":  "on one host everything is on the way",
		"admin-reachable": "the tests use the admin interface themselves",
		"filter-optional": "an Envoy without ext_authz would have to be built",
		"not-seen":        "an attack could be anything; TestConfigDumps of deploy/envoy/check reads what a dump adds",
	}
}

func TestEveryRuleHasAnAttack(t *testing.T) {
	all := attacks(&place{})
	for _, rule := range check.Rules() {
		tried := slices.ContainsFunc(all, func(a attack) bool { return a.rule == rule.Name })
		if _, excused := unattacked()[rule.Name]; tried == excused {
			t.Errorf("%s: attacked %v, excused %v", rule.Name, tried, excused)
		}
	}
}

// TestAttacks tries each attack on the printed bootstrap and on the weakened one.
func TestAttacks(t *testing.T) {
	p := newPlace(t)
	p.another = anotherAuthorizer(t)
	o := p.options(t)
	o.Upstreams = []config.Upstream{envoytest.Upstream(t, "pay=127.0.0.1:0,"+p.impostor(t)+",spiffe://shop.test/ns/shop/sa/pay")}
	printed := envoytest.Bootstrap(t, o)
	strong := map[string]*gate{}
	for _, a := range attacks(p) {
		base := envoytest.Apply(t, printed, a.with...)
		key := strings.Join(a.with, "\n")
		if strong[key] == nil {
			strong[key] = p.start(t, base)
		}
		t.Run(a.rule+"/"+a.name, func(t *testing.T) {
			weak := envoytest.Apply(t, base, a.weak...)
			if slices.Contains(findings(t, base), a.rule) || !slices.Contains(findings(t, weak), a.rule) {
				t.Errorf("the checker finds %v in the one and %v in the other", findings(t, base), findings(t, weak))
			}
			p.authz.reset()
			if a.try(t, strong[key]) {
				t.Error("the attack works on what postern envoy prints")
			}
			p.authz.reset()
			g := p.start(t, weak)
			if !a.try(t, g) {
				t.Error("the attack does not work without the setting")
			}
			if dump := g.dump(t); !slices.Equal(findings(t, dump), findings(t, weak)) {
				t.Errorf("the checker finds %v in the bootstrap and %v in the config_dump", findings(t, weak), findings(t, dump))
			}
		})
	}
}

// findings returns the names of the rules that the configuration breaks.
func findings(t *testing.T, text string) []string {
	t.Helper()
	c, err := check.Read("envoy.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range check.Run(c, check.Options{}) {
		names = append(names, f.Rule)
	}
	slices.Sort(names)
	return names
}

// dump returns the configuration as the running Envoy tells it.
func (g *gate) dump(t *testing.T) string {
	t.Helper()
	text, err := g.envoy.Admin(t.Context(), http.MethodGet, "/config_dump")
	if err != nil {
		t.Fatal(err)
	}
	return text
}
