package check

import (
	"github.com/postern/postern/deploy/envoy/tree"
)

func tlsRules() []Rule {
	return []Rule{
		{"tls-missing", "callers cannot prove who they are, and everything, tokens included, is readable on the way",
			"give the filter chain a transport_socket of envoy.transport_sockets.tls, or bind it to loopback", eachGate(tlsMissing)},
		{"tls-trusts-nobody", "Envoy asks for no certificate or verifies none: everybody is let in as nobody, even with require_client_certificate",
			"add a validation_context with the SPIFFE validator and a bundle for each trust domain", eachTLS(tlsTrust)},
		{"tls-accepts-untrusted", "a certificate of any make gets through, and Envoy reports the ID in it like a good one",
			"trust_chain_verification: VERIFY_TRUST_CHAIN", eachTLS(tlsUntrusted)},
		{"tls-accepts-expired", "a certificate works after it expired: a stolen key works for ever",
			"allow_expired_certificate: false", eachTLS(tlsExpired)},
		{"tls-certificate-optional", "callers without a certificate reach Postern, as nobody, and every route that grants anyone",
			"require_client_certificate: true, or say that it is meant so with --client-certificates optional", tlsOptional},
		{"tls-old-version", "older TLS shows the caller's certificate to everybody on the way, and has the older ciphers",
			"tls_params: {tls_minimum_protocol_version: TLSv1_3}", eachTLS(tlsVersion)},
		{"tls-resumption", "a resumed session brings back a caller whose certificate has expired or was removed since",
			"disable_stateless_session_resumption: true and disable_stateful_session_resumption: true, without session ticket keys", eachTLS(tlsResumption)},
		{"tls-key-log", "whoever reads the key log reads all traffic, tokens included",
			"remove key_log", eachTLS(func(_ *Config, tls *tree.Node, r *report) { isAbsent("common_tls_context", "key_log")(tls, r) })},
		{"http3", "early data: requests that anybody can send a second time; nothing here was tried with QUIC",
			"serve HTTP/1.1 and HTTP/2 over TCP", eachGate(quic)},
	}
}

func tlsMissing(g *gate, r *report) {
	switch {
	case g.chain.tls != nil || g.chain.listener.local() && !g.chain.listener.saysInbound():
	case g.chain.socket == "":
		r.at(g.chain.node, "the filter chain has no TLS")
	default:
		r.at(g.chain.node.Get("transport_socket"), "the transport socket is %s, which is not read here", g.chain.socket)
	}
}

func tlsTrust(c *Config, tls *tree.Node, r *report) {
	contexts, complete := c.validation(tls)
	if !complete {
		return
	}
	for _, context := range contexts {
		if trusts(context) {
			return
		}
	}
	if len(contexts) == 0 {
		r.field(tls, "common_tls_context", "validation_context")
		return
	}
	r.at(contexts[0], "the validation context trusts nobody")
}

func tlsUntrusted(c *Config, tls *tree.Node, r *report) {
	contexts, _ := c.validation(tls)
	for _, context := range contexts {
		if acceptsUntrusted(context) {
			r.field(context, "trust_chain_verification")
		}
	}
}

func tlsExpired(c *Config, tls *tree.Node, r *report) {
	contexts, _ := c.validation(tls)
	for _, context := range contexts {
		isFalse("allow_expired_certificate")(context, r)
	}
}

func tlsOptional(c *Config, o Options, r *report) {
	if o.OptionalClients {
		return
	}
	eachTLS(func(_ *Config, tls *tree.Node, r *report) { isTrue("require_client_certificate")(tls, r) })(c, o, r)
}

func tlsVersion(_ *Config, tls *tree.Node, r *report) {
	params := tls.Get("common_tls_context", "tls_params")
	if !params.Get("tls_minimum_protocol_version").Is("TLSv1_3", 4) {
		r.field(tls, "common_tls_context", "tls_params", "tls_minimum_protocol_version")
	}
}

func tlsResumption(_ *Config, tls *tree.Node, r *report) {
	isTrue("disable_stateful_session_resumption")(tls, r)
	for _, keys := range []string{"session_ticket_keys", "session_ticket_keys_sds_secret_config"} {
		if tls.Get(keys) != nil {
			r.field(tls, keys)
			return
		}
	}
	isTrue("disable_stateless_session_resumption")(tls, r)
}

func quic(g *gate, r *report) {
	codec := g.hcm.Get("codec_type")
	switch {
	case g.chain.socket == quicType:
		r.at(g.chain.node.Get("transport_socket"), "the filter chain serves QUIC")
	case codec.Is("HTTP3", 3):
		r.field(g.hcm, "codec_type")
	}
}
