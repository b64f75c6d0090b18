package coverage

// The names of fields are an interface: JSON of one version is read by scripts of another.

// JSON returns what the report says as a value for encoding/json.
func (r *Report) JSON() any {
	all := []jsonRule{}
	add := func(p *Policy, route string, rules []*Rule) {
		for _, rule := range rules {
			all = append(all, rule.json(p, route))
		}
	}
	routes := []jsonRoute{}
	for i := range r.Policies {
		p := &r.Policies[i]
		add(p, "", p.Rules)
		for _, route := range p.Routes {
			routes = append(routes, jsonRoute{route.Position.String(), route.Name, p.Name, route.Tests})
			add(p, route.Name, route.Rules)
		}
	}
	return jsonReport{r.Percent(), r.Seen, r.All, routes, all}
}

type jsonReport struct {
	Percent float64     `json:"percent"`
	Seen    int         `json:"seen"`
	All     int         `json:"all"`
	Routes  []jsonRoute `json:"routes"`
	Rules   []jsonRule  `json:"rules"`
}

type jsonRoute struct {
	Position string `json:"position"`
	Name     string `json:"name"`
	Policy   string `json:"policy"`
	Tests    int    `json:"tests"`
}

type jsonRule struct {
	Position  string         `json:"position"`
	Name      string         `json:"name,omitempty"`
	Policy    string         `json:"policy"`
	Route     string         `json:"route,omitempty"`
	Effect    string         `json:"effect"`
	Guardrail bool           `json:"guardrail,omitempty"`
	Shadow    bool           `json:"shadow,omitempty"`
	Tests     int            `json:"tests"`
	Matched   int            `json:"matched"`
	Conjuncts []jsonConjunct `json:"conjuncts"`
	Missing   []string       `json:"missing"`
}

type jsonConjunct struct {
	Name        string `json:"name"`
	Held        int    `json:"held"`
	Failed      int    `json:"failed"`
	FailedAlone int    `json:"failed_alone"`
	Errors      int    `json:"errors"`
	CannotFail  bool   `json:"cannot_fail,omitempty"`
}

func (r *Rule) json(p *Policy, route string) jsonRule {
	j := jsonRule{
		Position: r.Position.String(), Name: r.Name, Policy: p.Name, Route: route, Effect: r.Effect.String(),
		Guardrail: r.Guardrail, Shadow: r.Shadow, Tests: r.Tests, Matched: r.Matched,
		Conjuncts: []jsonConjunct{}, Missing: append([]string{}, r.missing()...),
	}
	for _, c := range r.Conjuncts {
		j.Conjuncts = append(j.Conjuncts, jsonConjunct{c.Name, c.Held, c.Failed, c.Alone, c.Erred, c.Fixed})
	}
	return j
}
