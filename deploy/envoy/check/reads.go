package check

import (
	"github.com/postern/postern/policy/syntax"
)

// Reads returns the headers that the documents make Postern read, in lower case, each with the
// place of one rule or provider that does.
func Reads(documents []syntax.Document) map[string]string {
	headers := map[string]string{}
	for _, d := range documents {
		if p := d.IdentityProvider; p != nil {
			name := p.From.Header
			if p.From.Cookie != "" {
				name = "cookie"
			}
			headers[name] = d.Position.String()
		}
		if p := d.ServicePolicy; p != nil {
			readRules(p.Deny, headers)
			for _, route := range p.Routes {
				readRules(route.Allow, headers)
				readRules(route.Deny, headers)
			}
		}
	}
	delete(headers, "")
	return headers
}

func readRules(rules []syntax.Rule, headers map[string]string) {
	for _, rule := range rules {
		for _, h := range rule.Headers {
			headers[h.Name] = h.Position.String()
		}
	}
}
