package check

import (
	"slices"

	"github.com/postern/postern/deploy/envoy/tree"
)

// A Rule looks for one way in which a configuration weakens Postern.
type Rule struct {
	Name    string // for people: two or three words
	Permits string // what an attacker, or an accident, can do where the rule is broken
	Fix     string // what to write instead
	find    func(*Config, Options, *report)
}

// Rules returns every rule, by theme.
func Rules() []Rule {
	return slices.Concat(tlsRules(), xfccRules(), httpRules(), authzRules(), filterRules(), routeRules(), secretRules(), processRules())
}

// Options say what about a configuration is meant to be so.
type Options struct {
	// OptionalClients says that callers without a client certificate are wanted.
	OptionalClients bool
	// Headers are those that policies read, in lower case, each with the place where: Reads
	// returns them. Envoy has to send them.
	Headers map[string]string
}

// Run returns what the rules find, by line. None is fine.
func Run(c *Config, o Options) []Finding {
	var all []Finding
	for _, rule := range Rules() {
		r := &report{file: c.name, rule: rule}
		rule.find(c, o, r)
		all = append(all, r.findings...)
	}
	return sorted(all)
}

// The rest makes a rule out of a question about one part of the configuration.

func eachGate(find func(*gate, *report)) func(*Config, Options, *report) {
	return func(c *Config, _ Options, r *report) {
		for _, g := range c.gates {
			find(g, r)
		}
	}
}

// eachTLS is asked about the TLS settings in front of every gate.
func eachTLS(find func(c *Config, tls *tree.Node, r *report)) func(*Config, Options, *report) {
	return func(c *Config, _ Options, r *report) {
		for _, g := range c.gates {
			if g.chain.tls != nil {
				find(c, g.chain.tls, r)
			}
		}
	}
}

// eachAuthz is asked about the settings of every ext_authz filter.
func eachAuthz(find func(authz *tree.Node, r *report)) func(*Config, Options, *report) {
	return eachGate(func(g *gate, r *report) {
		for _, authz := range g.authz() {
			find(authz, r)
		}
	})
}

func eachManager(find func(hcm *tree.Node, r *report)) func(*Config, Options, *report) {
	return eachGate(func(g *gate, r *report) { find(g.hcm, r) })
}

// isTrue finds a field that has to be true.
func isTrue(path ...string) func(*tree.Node, *report) {
	return func(n *tree.Node, r *report) {
		if !n.Get(path...).True() {
			r.field(n, path...)
		}
	}
}

// isFalse finds a field that has to be false or absent.
func isFalse(path ...string) func(*tree.Node, *report) {
	return func(n *tree.Node, r *report) {
		if !n.Get(path...).False() {
			r.field(n, path...)
		}
	}
}

// isAbsent finds a field that must not be there.
func isAbsent(path ...string) func(*tree.Node, *report) {
	return func(n *tree.Node, r *report) {
		if n.Get(path...) != nil {
			r.field(n, path...)
		}
	}
}
