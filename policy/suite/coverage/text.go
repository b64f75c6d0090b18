package coverage

import (
	"fmt"
	"io"
	"strings"
)

// Text writes what is missing, a line for each thing, and the percentage behind it.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	for i := range r.Policies {
		p := &r.Policies[i]
		for _, rule := range p.Rules {
			rule.text(&b, p.Kind+" "+p.Name)
		}
		for _, route := range p.Routes {
			if route.Tests == 0 {
				fmt.Fprintf(&b, "%v: route %s of %s: no test goes there\n", route.Position, route.Name, p.Name)
				continue
			}
			for _, rule := range route.Rules {
				rule.text(&b, "route "+route.Name+" of "+p.Name)
			}
		}
	}
	fmt.Fprintf(&b, "coverage: %s of what rules can come to (%d of %d)\n", r, r.Seen, r.All)
	_, err := io.WriteString(w, b.String())
	return err
}

// String returns the percentage, rounded down: 100% is everything.
func (r *Report) String() string {
	tenths := 1000
	if r.All > 0 {
		tenths = 1000 * r.Seen / r.All
	}
	return strings.TrimSuffix(fmt.Sprintf("%d.%d", tenths/10, tenths%10), ".0") + "%"
}

func (r *Rule) text(b *strings.Builder, where string) {
	missing := r.missing()
	if len(missing) > 0 {
		fmt.Fprintf(b, "%v: %s of %s: %s\n", r.Position, r.String(), where, strings.Join(missing, "; "))
	}
}

// String returns what the rule is, in a few words.
func (r *Rule) String() string {
	text := r.Effect.String()
	if r.Guardrail {
		text = "guardrail (" + text + ")"
	}
	if r.Shadow {
		text = "shadow " + text
	}
	if r.Name != "" {
		text += " " + r.Name
	}
	return text
}

// missing says what no test has seen of the rule.
func (r *Rule) missing() []string {
	if r.Tests == 0 {
		return []string{"no test is held to it"}
	}
	var all []string
	if r.Matched == 0 {
		all = append(all, "never matched")
	}
	for i := range r.Conjuncts {
		if text := r.Conjuncts[i].missing(); text != "" {
			all = append(all, text)
		}
	}
	return all
}

// missing says in what way the conjunct was not seen to fail, "" when it was.
func (c *Conjunct) missing() string {
	switch {
	case c.Fixed || c.Alone > 0:
		return ""
	case c.Failed > 0:
		return c.Name + " never failed alone"
	case c.Erred > 0:
		return c.Name + " never failed, but for errors"
	}
	return c.Name + " never failed"
}
