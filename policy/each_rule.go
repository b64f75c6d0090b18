package policy

// EachRule yields every rule, in shadow or enforced: of each policy its denies and those of its
// routes, and then the guardrails.
func (c *Catalog) EachRule(yield func(*Rule) bool) {
	for _, p := range c.policies {
		lists := [][]*Rule{p.deny}
		for _, r := range p.routes {
			lists = append(lists, r.allow, r.deny)
		}
		for _, rules := range lists {
			for _, r := range rules {
				if !yield(r) {
					return
				}
			}
		}
	}
	for i := range c.guards {
		if !yield(c.guards[i].rule) {
			return
		}
	}
}
