package explain

import (
	"fmt"
	"io"
	"strings"

	"github.com/postern/postern/policy/suite"
)

// The colours of a terminal (ECMA-48 section 8.3.117).
const (
	plain  = "0"
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

// A page is a text on its way to a person.
type page struct {
	strings.Builder
	colour bool
}

// paint returns text in a colour, if the page has any.
func (p *page) paint(colour, text string) string {
	if !p.colour || text == "" || colour == plain {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[" + plain + "m"
}

func (p *page) line(indent int, format string, args ...any) {
	p.WriteString(strings.Repeat("  ", indent))
	fmt.Fprintf(p, format, args...)
	p.WriteByte('\n')
}

func (p *page) title(text string) { p.line(0, "\n%s", p.paint(bold, text)) }

// field writes a name and a value, if there is one.
func (p *page) field(name, value string) {
	if value != "" {
		p.line(1, "%-10s%s", name, value)
	}
}

// WriteText writes the explanation for a person to read, in colour where that can be seen.
func (x *Explanation) WriteText(to io.Writer, colour bool) error {
	p := &page{colour: colour}
	p.verdict(&x.Verdict)
	if x.Detail != "" {
		p.line(1, "%s", x.Detail)
	}
	if c := x.Challenge; c != nil {
		p.line(1, "the client is asked for a login%s", c.text())
	}
	if x.Shadow != nil {
		p.line(1, "with every shadow rule enforced: %s", p.short(x.Shadow))
	}
	for _, note := range x.Notes {
		p.line(0, "%s %s", p.paint(yellow, "note:"), note)
	}
	p.request(x)
	p.routes(x)
	p.guardrails(x.Guardrails)
	p.rules(x)
	p.onboarding(x.Onboarding)
	p.changes(x)
	if x.Recorded != nil {
		p.title("to explain it with the policies of now, say what was not recorded")
		p.line(1, "%s", x.Recorded.Again)
	}
	_, err := io.WriteString(to, p.String())
	return err
}

func (p *page) decision(d string) string {
	if d == "allow" {
		return p.paint(green, d)
	}
	return p.paint(red, d)
}

func (p *page) verdict(v *Verdict) {
	p.line(0, "%s: %s", p.decision(v.Decision), p.paint(bold, v.Reason)+status(v.Status))
	if v.Means != "" {
		p.line(1, "%s", v.Means)
	}
	if v.Rule != "" {
		p.line(1, "by %s", placed(v.Rule, v.RuleName))
	}
}

func status(code int) string {
	if code == 200 {
		return ""
	}
	return fmt.Sprintf(" (%d)", code)
}

// short is a verdict in one line.
func (p *page) short(v *Verdict) string {
	text := p.decision(v.Decision) + ", " + v.Reason
	if v.Rule != "" {
		text += ", by " + placed(v.Rule, v.RuleName)
	}
	return text
}

func placed(at, name string) string {
	if name == "" {
		return at
	}
	return at + " (" + name + ")"
}

func (c *Challenge) text() string {
	text := ""
	if len(c.ACR) > 0 {
		text += " with the acr " + choice(c.ACR, false)
	}
	if c.MaxAge != "" {
		text += " at most " + c.MaxAge + " old"
	}
	return text
}

func (p *page) request(x *Explanation) {
	r := &x.Request
	p.title("request")
	if x.Recorded == nil {
		p.line(1, "%s %s", r.Method, r.Path)
	} else {
		p.line(1, "%s (the path is %s)", first(r.Method, "the method is "+notRecorded), r.Path)
	}
	host := r.Host
	if host == suite.DefaultHost {
		host += " (none was named)"
	}
	p.field("host", host)
	if r.HTTP2 {
		p.field("protocol", "HTTP/2")
	}
	p.field("upgrade", r.Upgrade)
	p.field("source", r.Source)
	caller := r.Caller
	switch {
	case caller == "":
		caller = "none"
	case x.Recorded != nil && x.Recorded.Asserted:
		caller += p.paint(yellow, " (only Envoy's word speaks for it)")
	}
	p.field("caller", caller)
	p.field("user", p.user(x))
	p.field("time", r.Time.Format(timeFormat))
	p.field("workload", x.Workload)
	p.field("policies", protects(x.Policies))
	if x.Recorded != nil {
		p.field("id", x.Recorded.RequestID)
	}
}

func protects(policies []string) string {
	if len(policies) == 0 {
		return "none"
	}
	return strings.Join(policies, ", ")
}

func (p *page) user(x *Explanation) string {
	r := &x.Request
	switch {
	case r.User != "" && r.Credential == "token_revoked":
		return fmt.Sprintf("%s of %s: %s", r.User, r.Provider, r.Credential)
	case r.User != "" && r.AtItsWord:
		return fmt.Sprintf("%s of %s %s", r.User, r.Provider, p.paint(yellow, "(taken at its word)"))
	case r.User != "":
		return r.User + " of " + r.Provider
	case x.Recorded != nil:
		return "none"
	case x.Status == 400 || x.Reason == "certificate_revoked":
		return "not looked for"
	case r.Credential == "":
		return "none: no rule here reads a credential"
	case r.Credential == "credential_missing":
		return "none: no credential of " + strings.Join(x.Reads, " or ")
	default:
		return "none: " + r.Credential
	}
}

func (p *page) routes(x *Explanation) {
	if x.Reason == "no_policy" || len(x.Routes) == 0 && x.Reason != "no_route" {
		return
	}
	p.title("route")
	if len(x.Routes) == 0 {
		p.line(1, "none comes close")
	}
	for _, r := range x.Routes {
		word, colour := "lost", dim
		if r.Chosen {
			word, colour = "chosen", green
		}
		p.line(1, "%s  %s of %s  %s", p.paint(colour, fmt.Sprintf("%-6s", word)), p.paint(bold, r.Name), r.Policy, r.At)
		p.line(5, "%s", r.Matches)
		for _, v := range r.Params {
			if r.Chosen {
				p.line(5, "%s is %s", v.Name, v.Value)
			}
		}
		if r.Why != "" {
			p.line(5, "%s", r.Why)
		}
	}
	if x.MoreRoutes > 0 {
		p.line(1, "and %d more that lost", x.MoreRoutes)
	}
}

func (p *page) guardrails(all []Guardrail) {
	if len(all) == 0 {
		return
	}
	p.title("guardrails")
	for _, g := range all {
		word, why := p.paint(green, "applies"), ""
		if !g.Applies {
			word, why = p.paint(dim, "not    "), ": "+g.Why
		}
		matches := ""
		if g.Matches != "" {
			matches = "  for " + g.Matches
		}
		p.line(1, "%s  %s %s  %s%s%s", word, g.Effect, p.paint(bold, g.Name), g.At, matches, why)
	}
}

func (p *page) onboarding(all []Onboarding) {
	if len(all) == 0 {
		return
	}
	p.title("onboarding")
	for _, o := range all {
		word := "until"
		if !o.Holds {
			word = "ended"
		}
		p.line(1, "%s  %s %s", o.At, word, o.Until.Format(timeFormat))
	}
}

func (p *page) changes(x *Explanation) {
	allowed := x.Decision == "allow"
	switch {
	case allowed && len(x.Changes) > 0:
		p.title("each of these by itself would deny it (tried)")
		for _, c := range x.Changes {
			by := ""
			if c.Rule != "" {
				by = ", by " + placed(c.Rule, c.Name)
			}
			p.line(1, "- %s: %s%s", c.Request[0], c.Reason, by)
		}
		return
	case allowed && x.Recorded == nil:
		p.title("no single change that was tried would deny it")
		if n := allowing(x.Rules); n > 1 {
			p.line(1, "%d rules allow it, each by itself", n)
		}
		return
	}
	for i, c := range x.Changes {
		title := "what would allow it"
		if i > 0 {
			title = "or"
		}
		p.title(title)
		p.change(c, x.Recorded != nil)
	}
}

// allowing counts the rules that allow.
func allowing(rules []Rule) int {
	n := 0
	for _, r := range rules {
		if r.Effect == "allow" && r.Outcome == "matches" && !r.Shadow {
			n++
		}
	}
	return n
}

func (p *page) change(c Change, recorded bool) {
	how := p.paint(green, "tried: it is "+c.Reason+" then, by "+placed(c.Rule, c.Name))
	if c.Reason == "onboarding" {
		how = p.paint(green, "tried: it is let through then by the onboarding "+c.Rule)
	}
	switch {
	case recorded:
		how = p.paint(yellow, "not tried, since not all was recorded: the allow is "+placed(c.Rule, c.Name))
	case !c.Tried:
		how = p.paint(yellow, "not tried, since not all of it can be done mechanically: the allow is "+placed(c.Rule, c.Name))
	}
	if len(c.Request) > 0 {
		p.line(1, "of the request (%s)", how)
	}
	for _, say := range c.Request {
		p.line(2, "- %s", say)
	}
	switch {
	case len(c.Policy) == 0:
		return
	case len(c.Request) > 0:
		p.line(1, "or of the policies")
	default:
		p.line(1, "of the policies")
	}
	for _, say := range c.Policy {
		p.line(2, "- %s", say)
	}
}
