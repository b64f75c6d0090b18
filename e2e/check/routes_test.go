package check_test

import (
	"testing"

	. "github.com/postern/postern/deploy/envoy/envoytest"
)

func routeAttacks() []attack {
	return []attack{
		{"route-disabled", "a route is not checked", nil, []string{Route + perFilter, "{" + perRoute + ", disabled: true}"}, unchecked},
		{"route-disabled", "a virtual host is not checked, in the other spelling", nil, []string{Host + perFilter, "{" + wrapper + ", disabled: true}"}, unchecked},
		{"route-disabled", "nothing is checked, in both spellings at once", nil,
			[]string{Routes + perFilter, "{" + wrapper + ", config: {" + perRoute + ", disabled: true}}"}, unchecked},
		{"route-authorizer", "another authorizer decides, and there is none",
			[]string{Authz + "/failure_mode_allow", "true"},
			[]string{Route + perFilter, "{" + perRoute + ", check_settings: {grpc_service: {envoy_grpc: {cluster_name: app}}}}"}, unchecked},
		{"upstream-by-client", "the caller names the cluster", []string{Clusters + "/+", "{name: other, type: STATIC}"},
			[]string{Route + "/route", "{cluster_header: x-cluster}"}, func(t *testing.T, g *gate) bool {
				return g.get(t, g.web(), "/", "x-cluster: other").status == 503
			}},
	}
}
