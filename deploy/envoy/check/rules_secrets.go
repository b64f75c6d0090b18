package check

import (
	"regexp"
	"slices"
	"strings"

	"github.com/postern/postern/deploy/envoy/tree"
)

func secretRules() []Rule {
	return []Rule{
		{"credential-injected", "everybody's request gets Envoy's own credential before the check: Postern takes it for the caller's",
			"remove the credential_injector filter: it belongs to a listener on which the app calls others", eachGate(credentialInjected)},
		{"token-logged", "whoever reads the access log can use the tokens and cookies in it",
			"remove the headers authorization, proxy-authorization and cookie from the format", eachGate(tokenLogged)},
	}
}

func credentialInjected(g *gate, r *report) {
	g.walk(func(n *tree.Node) {
		if kind, _ := n.Any(); strings.HasPrefix(kind, "envoy.extensions.filters.http.credential_injector.") {
			r.at(n, "the filter chain has a credential_injector")
		}
	})
}

// tokenLogged looks at the logs of the manager, of its router and of its listener.
func tokenLogged(g *gate, r *report) {
	command := regexp.MustCompile(`%[A-Za-z_]+\(([^)]*)\)`)
	g.chain.listener.node.Walk(func(n *tree.Node) {
		if !n.Named("access_log") && !n.Named("upstream_log") {
			return
		}
		n.Walk(func(inner *tree.Node) {
			if logs(inner, command) {
				r.at(inner, "the access log has %q", inner.Text())
			}
		})
	})
}

// logs says that a text of an access log's settings is, or has in it, a header with a secret.
func logs(n *tree.Node, command *regexp.Regexp) bool {
	if n.Parent().Named("additional_request_headers_to_log") {
		return secret(n.Text())
	}
	return slices.ContainsFunc(command.FindAllStringSubmatch(n.Text(), -1), func(found []string) bool {
		return slices.ContainsFunc(strings.Split(found[1], "?"), secret)
	})
}

func secret(header string) bool {
	return slices.Contains([]string{"authorization", "proxy-authorization", "cookie"}, strings.ToLower(strings.TrimSpace(header)))
}
