package check_test

import . "github.com/postern/postern/deploy/envoy/envoytest"

const (
	spiffe    = Common + "/validation_context/custom_validator_config"
	trusts    = "{trusted_ca: {filename: /ca.pem}}"
	sds       = "{name: trust, sds_config: {resource_api_version: V3, ads: {}}}"
	quicTLS   = `{name: quic, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.quic.v3.QuicDownstreamTransport, downstream_tls_context: {}}}`
	tapSocket = `{name: tap, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tap.v3.Tap}}`
)

func tlsChanges() []change {
	return []change{
		one("tls-missing", Chain+"/transport_socket", ""),
		one("tls-missing", Chain+"/transport_socket", tapSocket),
		one("tls-missing", Chain+"/transport_socket", `{name: raw, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer}}`),
		several("tls-missing", Listener+"/address/socket_address/address", "127.0.0.1", Chain+"/transport_socket", ""),
		several("", Listener+"/address/socket_address/address", "127.0.0.1", Listener+"/traffic_direction", "", Chain+"/transport_socket", ""),
		one("tls-trusts-nobody", Common+"/validation_context", ""),
		one("tls-trusts-nobody", Common+"/validation_context", "{}"),
		one("tls-trusts-nobody", Common+"/validation_context", "null"),
		one("tls-trusts-nobody", Common+"/validation_context", `{trusted_ca: {filename: ""}}`),
		one("tls-trusts-nobody", spiffe+"/typed_config/trust_domains", "[]"),
		one("tls-trusts-nobody", Common+"/validation_context", "{match_typed_subject_alt_names: [{san_type: URI, matcher: {prefix: spiffe}}]}"),
		one("", Common+"/validation_context", trusts),
		one("", Common+"/validation_context", "{system_root_certs: {}}"),
		one("", Common+"/validation_context", "{verify_certificate_spki: [x]}"),
		one("", spiffe+"/typed_config", `{"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig, trust_bundles: {filename: /b.json}}`),
		several("", Common+"/validation_context", "", Common+"/validation_context_sds_secret_config", sds),
		several("", Common+"/validation_context", "", Common+"/combined_validation_context", "{default_validation_context: {}, validation_context_sds_secret_config: "+sds+"}"),
		several("tls-trusts-nobody", Common+"/validation_context", "", Common+"/validation_context_sds_secret_config", "{name: trust}",
			"static_resources/secrets", "[{name: trust, validation_context: {}}]"),
		one("tls-accepts-untrusted", Common+"/validation_context/trust_chain_verification", "ACCEPT_UNTRUSTED"),
		one("tls-accepts-untrusted", Common+"/validation_context/trust_chain_verification", "1"),
		one("", Common+"/validation_context/trust_chain_verification", "VERIFY_TRUST_CHAIN"),
		one("tls-accepts-expired", Common+"/validation_context/allow_expired_certificate", "true"),
		one("tls-certificate-optional", TLS+"/require_client_certificate", "false"),
		one("tls-certificate-optional", TLS+"/require_client_certificate", ""),
		one("tls-old-version", Common+"/tls_params", ""),
		one("tls-old-version", Common+"/tls_params/tls_minimum_protocol_version", "TLSv1_2"),
		one("tls-old-version", Common+"/tls_params/tls_minimum_protocol_version", "0"),
		one("", Common+"/tls_params/tls_minimum_protocol_version", "4"),
		one("tls-resumption", TLS+"/disable_stateless_session_resumption", "false"),
		one("tls-resumption", TLS+"/disable_stateful_session_resumption", ""),
		several("tls-resumption", TLS+"/disable_stateless_session_resumption", "", TLS+"/session_ticket_keys", "{keys: [{filename: /k}]}"),
		one("tls-key-log", Common+"/key_log", "{path: /tmp/keys}"),
		one("http3", Manager+"/codec_type", "HTTP3"),
		several("http3", Listener+"/address/socket_address/address", "127.0.0.1", Manager+"/codec_type", "3"),
		one("xfcc-forged", Manager+"/forward_client_cert_details", "APPEND_FORWARD"),
		one("xfcc-forged", Manager+"/forward_client_cert_details", "FORWARD_ONLY"),
		one("xfcc-forged", Manager+"/forward_client_cert_details", "4"),
		one("xfcc-forged", Manager+"/forward_client_cert_matcher", "{on_no_match: {action: {name: a, typed_config: {forward_client_cert_details: APPEND_FORWARD}}}}"),
		one("xfcc-no-chain", Manager+"/forward_client_cert_details", "SANITIZE"),
		one("xfcc-no-chain", Manager+"/forward_client_cert_details", ""),
		one("xfcc-no-chain", Manager+"/set_current_client_cert_details", ""),
		one("xfcc-no-chain", Manager+"/set_current_client_cert_details/chain", "false"),
	}
}
