package check

import "github.com/postern/postern/deploy/envoy/tree"

const spiffeType = "envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig"

// validation returns the validation contexts that a TLS context puts together, and whether all
// of them could be seen: one that a secret server delivers cannot, but for a dump. Envoy serves
// nothing until it has come.
func (c *Config) validation(tls *tree.Node) (contexts []*tree.Node, complete bool) {
	common := tls.Get("common_tls_context")
	combined := common.Get("combined_validation_context")
	complete = true
	for _, n := range []*tree.Node{common.Get("validation_context"), combined.Get("default_validation_context")} {
		if n != nil {
			contexts = append(contexts, n)
		}
	}
	for _, sds := range []*tree.Node{common.Get("validation_context_sds_secret_config"), combined.Get("validation_context_sds_secret_config")} {
		if sds == nil {
			continue
		}
		secret := c.secrets[sds.Get("name").Text()].Get("validation_context")
		if secret == nil {
			complete = false
			continue
		}
		contexts = append(contexts, secret)
	}
	return contexts, complete
}

// trusts says that a validation context has something to verify certificates by.
func trusts(context *tree.Node) bool {
	for _, field := range []string{"ca_certificate_provider_instance", "system_root_certs"} {
		if context.Get(field) != nil {
			return true
		}
	}
	for _, pins := range []string{"verify_certificate_spki", "verify_certificate_hash"} {
		if len(context.Get(pins).List()) > 0 {
			return true
		}
	}
	return source(context.Get("trusted_ca")) || validator(context.Get("custom_validator_config"))
}

// acceptsUntrusted says that what does not verify gets through all the same.
func acceptsUntrusted(context *tree.Node) bool {
	mode := context.Get("trust_chain_verification")
	return mode != nil && !mode.Is("VERIFY_TRUST_CHAIN", 0)
}

func validator(extension *tree.Node) bool {
	name, config := extension.Get("typed_config").Any()
	if name != spiffeType {
		return name != ""
	}
	return len(config.Get("trust_domains").List()) > 0 || source(config.Get("trust_bundles"))
}

// source says that an envoy.config.core.v3.DataSource names something.
func source(n *tree.Node) bool {
	for _, field := range []string{"filename", "inline_bytes", "inline_string", "environment_variable"} {
		if n.Get(field).Text() != "" {
			return true
		}
	}
	return false
}
