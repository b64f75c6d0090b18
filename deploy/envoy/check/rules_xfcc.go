package check

import "github.com/postern/postern/deploy/envoy/tree"

func xfccRules() []Rule {
	return []Rule{
		{"xfcc-forged", "the caller's own x-forwarded-client-cert gets through: it can say that it is anybody to whatever reads that header",
			"forward_client_cert_details: SANITIZE_SET", eachManager(xfccForged)},
		{"xfcc-no-chain", "nothing more, but callers whose certificate was signed by an intermediate are refused: Postern does not see the chain",
			"forward_client_cert_details: SANITIZE_SET with set_current_client_cert_details: {chain: true, uri: true}", eachGate(xfccChain)},
	}
}

func xfccForged(hcm *tree.Node, r *report) {
	if forwards(hcm) {
		r.field(hcm, "forward_client_cert_details")
	}
	hcm.Get("forward_client_cert_matcher").Walk(func(n *tree.Node) {
		if forwards(n) {
			r.field(n, "forward_client_cert_details")
		}
	})
}

// forwards says that the header of the client is passed on, alone or among others.
func forwards(n *tree.Node) bool {
	mode := n.Get("forward_client_cert_details")
	return mode != nil && !mode.Is("SANITIZE", 0) && !mode.Is("SANITIZE_SET", 3)
}

func xfccChain(g *gate, r *report) {
	mode := g.hcm.Get("forward_client_cert_details")
	switch {
	case g.chain.tls == nil || forwards(g.hcm):
	case !mode.Is("SANITIZE_SET", 3):
		r.field(g.hcm, "forward_client_cert_details")
	default:
		isTrue("set_current_client_cert_details", "chain")(g.hcm, r)
	}
}
