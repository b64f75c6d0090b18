package check

import (
	"regexp"
	"slices"
	"strings"

	"github.com/postern/postern/deploy/envoy/tree"
)

// always returns the headers that Postern reads whatever the policies say, with the reason.
func always() map[string]string {
	return map[string]string{
		":path":                   "Postern compares it with the path that it checks",
		"content-type":            "Postern tells gRPC by it",
		"upgrade":                 "Postern tells an upgrade by it",
		"x-forwarded-client-cert": "Postern takes the certificate chain from it",
		"x-request-id":            "Postern's records name the request by it",
	}
}

func headersHidden(c *Config, o Options, r *report) {
	for _, g := range c.gates {
		for _, authz := range g.authz() {
			for _, name := range hidden(authz, o.Headers) {
				field := "allowed_headers"
				if matches(authz.Get("disallowed_headers"), name, true) {
					field = "disallowed_headers"
				}
				r.at(authz.Get(field), "%s hides %s: %s", field, name, reason(name, o.Headers))
			}
		}
	}
}

func reason(name string, read map[string]string) string {
	if why := always()[name]; why != "" {
		return why
	}
	return "read at " + read[name]
}

// hidden returns the headers that Postern would need and does not get, in order.
func hidden(authz *tree.Node, read map[string]string) []string {
	var names []string
	for _, set := range []map[string]string{always(), read} {
		for name := range set {
			allowed := authz.Get("allowed_headers") == nil || matches(authz.Get("allowed_headers"), name, false)
			if !allowed || matches(authz.Get("disallowed_headers"), name, true) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// matches says that some pattern of an envoy.type.matcher.v3.ListStringMatcher matches the name.
// A pattern that cannot be read counts as unknown says.
func matches(list *tree.Node, name string, unknown bool) bool {
	return slices.ContainsFunc(list.Get("patterns").List(), func(pattern *tree.Node) bool {
		return matchesPattern(pattern, name, unknown)
	})
}

func matchesPattern(pattern *tree.Node, name string, unknown bool) bool {
	fold := func(s string) string { return s }
	if pattern.Get("ignore_case").True() {
		fold = strings.ToLower
	}
	if n := pattern.Get("exact"); n != nil {
		return name == fold(n.Text())
	}
	if n := pattern.Get("prefix"); n != nil {
		return strings.HasPrefix(name, fold(n.Text()))
	}
	if n := pattern.Get("suffix"); n != nil {
		return strings.HasSuffix(name, fold(n.Text()))
	}
	if n := pattern.Get("contains"); n != nil {
		return strings.Contains(name, fold(n.Text()))
	}
	// Envoy's regular expressions are RE2, like Go's, and match the whole value.
	re, err := regexp.Compile(`^(?:` + pattern.Get("safe_regex", "regex").Text() + `)$`)
	if err != nil || pattern.Get("safe_regex", "regex") == nil {
		return unknown
	}
	return re.MatchString(name)
}
