package check

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/postern/postern/deploy/envoy/tree"
)

const upstreamTLSType = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"

func authzInClear(c *Config, _ Options, r *report) {
	for _, g := range c.gates {
		for _, authz := range g.authz() {
			c.transport(authz.Get("grpc_service"), r)
		}
	}
}

// transport finds a way to the authorizer that others can get into.
func (c *Config) transport(service *tree.Node, r *report) {
	if google := service.Get("google_grpc"); google != nil {
		if !localTarget(google.Get("target_uri").Text()) && google.Get("channel_credentials", "ssl_credentials") == nil {
			r.field(google, "target_uri")
		}
		return
	}
	name := service.Get("envoy_grpc", "cluster_name")
	cluster := c.clusters[name.Text()]
	switch {
	case name == nil:
	case cluster == nil:
		r.at(name, "the cluster %q is not in this file, so the way to it cannot be judged", name.Text())
	case !localCluster(cluster) && !c.verified(cluster):
		r.at(cluster, "the cluster %q is on another host, without TLS that verifies it", name.Text())
	}
}

// localTarget reads a gRPC name (github.com/grpc/grpc/blob/master/doc/naming.md).
func localTarget(uri string) bool {
	if strings.HasPrefix(uri, "unix:") || strings.HasPrefix(uri, "unix-abstract:") {
		return true
	}
	uri = uri[strings.LastIndex(uri, "/")+1:]
	address, err := netip.ParseAddrPort(uri)
	return err == nil && address.Addr().Unmap().IsLoopback()
}

// localCluster says that every endpoint stands in the cluster itself and is on this host, and that
// no transport socket leads elsewhere, to a proxy for example.
func localCluster(cluster *tree.Node) bool {
	if !direct(cluster) {
		return false
	}
	endpoints := 0
	for _, locality := range cluster.Get("load_assignment", "endpoints").List() {
		for _, endpoint := range locality.Get("lb_endpoints").List() {
			endpoints++
			if !localEndpoint(endpoint.Get("endpoint")) {
				return false
			}
		}
	}
	return endpoints > 0
}

func direct(cluster *tree.Node) bool {
	kind := cluster.Get("type")
	listed := kind == nil || kind.Is("STATIC", 0) || kind.Is("STRICT_DNS", 1) || kind.Is("LOGICAL_DNS", 2)
	if !listed || cluster.Get("cluster_type") != nil || cluster.Get("transport_socket_matches") != nil {
		return false
	}
	name, _ := cluster.Get("transport_socket", "typed_config").Any()
	return cluster.Get("transport_socket") == nil || name == rawType || name == upstreamTLSType
}

// localEndpoint also looks at the addresses that Envoy tries beside the first.
func localEndpoint(endpoint *tree.Node) bool {
	return localAddress(endpoint.Get("address")) && !slices.ContainsFunc(endpoint.Get("additional_addresses").List(),
		func(more *tree.Node) bool { return !localAddress(more.Get("address")) })
}

// verified says that the cluster speaks TLS, to servers whose certificate and name it verifies.
func (c *Config) verified(cluster *tree.Node) bool {
	name, tls := cluster.Get("transport_socket", "typed_config").Any()
	if name != upstreamTLSType || cluster.Get("transport_socket_matches") != nil {
		return false
	}
	contexts, complete := c.validation(tls)
	if !complete {
		return !slices.ContainsFunc(contexts, acceptsUntrusted)
	}
	trusted := slices.ContainsFunc(contexts, trusts) && !slices.ContainsFunc(contexts, acceptsUntrusted)
	return trusted && (automaticName(cluster, tls) || slices.ContainsFunc(contexts, namesServer))
}

// namesServer says that the server's certificate has to bear a certain name.
func namesServer(context *tree.Node) bool {
	return len(context.Get("match_typed_subject_alt_names").List())+len(context.Get("match_subject_alt_names").List()) > 0
}

// automaticName says that the name is that of the request.
func automaticName(cluster, tls *tree.Node) bool {
	if tls.Get("auto_sni_san_validation").True() {
		return true
	}
	return slices.ContainsFunc(cluster.Get("typed_extension_protocol_options").Fields(), func(options *tree.Node) bool {
		return options.Get("upstream_http_protocol_options", "auto_san_validation").True()
	})
}
