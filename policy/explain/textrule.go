package explain

import "fmt"

// rules writes every rule with its parts.
func (p *page) rules(x *Explanation) {
	if len(x.Rules) == 0 {
		return
	}
	p.title("rules")
	for _, r := range x.Rules {
		colour := dim
		if r.Outcome != "does not match" {
			colour = map[string]string{"deny": red, "allow": green, "require": green}[r.Effect]
		} else if r.Effect == "require" {
			colour = red
		}
		effect := r.Effect
		if r.Guardrail {
			effect = "guardrail " + effect
		}
		extra := ""
		if r.Shadow {
			extra = p.paint(yellow, " (shadow: not enforced)")
		}
		p.line(1, "%s %s: %s%s", effect, p.paint(bold, placed(r.At, r.Name)), p.paint(colour, r.Outcome), extra)
		words, names := 7, 0
		for _, part := range r.Parts {
			words, names = max(words, len(part.word())), max(names, len(part.name()))
		}
		for _, part := range r.Parts {
			p.part(part, words, names)
		}
	}
}

// name is the conjunct, and of headers the header.
func (t Part) name() string {
	if t.Header == "" {
		return t.Conjunct
	}
	return t.Conjunct + " " + t.Header
}

// word is what came of the part, then and now.
func (t Part) word() string {
	if t.Now == "" || t.Now == t.Outcome {
		return t.Outcome
	}
	return t.Outcome + ", now " + t.Now
}

// part writes one part: what came of it, what it wants, and what the request has where that is
// another thing. Outcomes and names have so many columns.
func (p *page) part(t Part, words, names int) {
	p.line(2, "%s  %-*s  %s", p.paint(outcomeColour(t.Outcome), fmt.Sprintf("%-*s", words, t.word())), names, t.name(), t.Wants)
	under := func(text string) { p.line(2, "%*s%s", words+names+4, "", text) }
	switch t.Has {
	case "", t.Wants:
	case notRecorded:
		under("what the request had is not recorded")
	default:
		under("the request has " + t.Has)
	}
	if t.Why != "" {
		under(t.Why)
	}
	for _, o := range t.Observed {
		under(o)
	}
}

func outcomeColour(outcome string) string {
	switch outcome {
	case "held":
		return green
	case "failed":
		return red
	case "error":
		return yellow
	default:
		return dim
	}
}
