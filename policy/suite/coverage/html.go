package coverage

import (
	_ "embed" // the page
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/postern/postern/policy"
)

//go:embed page.html
var page string

// A state is how much of what stands in one line was seen. It is the class of the line.
type state string

const (
	plain  state = ""
	seen   state = "seen"
	partly state = "partly"
	unseen state = "unseen"
)

// and is the state of a line in which both stand.
func (s state) and(other state) state {
	switch {
	case s == plain || s == other:
		return other
	case other == plain:
		return s
	}
	return partly
}

// A pageFile is one file of the page.
type pageFile struct {
	Name  string
	Lines []pageLine
}

// A pageLine is one line, and what is missing of what stands in it.
type pageLine struct {
	Number int
	Text   string
	State  state
	Notes  string
}

// HTML writes a page of its own: every file that has policies, its lines coloured, with what is
// missing behind them. source returns the text of a file as positions name it.
func (r *Report) HTML(w io.Writer, source func(name string) ([]byte, error)) error {
	t, err := template.New("page").Parse(page)
	if err != nil {
		return err
	}
	marks := r.marks()
	data := struct {
		Percent   string
		Seen, All int
		Files     []pageFile
	}{Percent: r.String(), Seen: r.Seen, All: r.All}
	for _, name := range r.files() {
		text, err := source(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		data.Files = append(data.Files, pageFile{name, marks.lines(name, text)})
	}
	return t.Execute(w, data)
}

// files returns the names of the files that have policies, sorted.
func (r *Report) files() []string {
	var names []string
	for _, p := range r.Policies {
		names = append(names, p.Position.Source)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// marks is what is said of lines.
type marks map[place]*mark

type place struct {
	file string
	line int
}

type mark struct {
	state state
	notes []string
}

func (m marks) add(at policy.Position, s state, note string) {
	p := place{at.Source, at.Line}
	if m[p] == nil {
		m[p] = &mark{}
	}
	m[p].state = m[p].state.and(s)
	if note != "" && !slices.Contains(m[p].notes, note) {
		m[p].notes = append(m[p].notes, note)
	}
}

func (r *Report) marks() marks {
	m := marks{}
	for i := range r.Policies {
		p := &r.Policies[i]
		m.rules(p.Rules)
		for _, route := range p.Routes {
			if route.Tests == 0 {
				m.add(route.Position, unseen, "route "+route.Name+": no test goes there")
			} else {
				m.add(route.Position, seen, "")
			}
			m.rules(route.Rules)
		}
	}
	return m
}

func (m marks) rules(rules []*Rule) {
	for _, rule := range rules {
		switch {
		case rule.Tests == 0:
			m.add(rule.Position, unseen, rule.String()+": no test is held to it")
		case rule.Matched == 0:
			m.add(rule.Position, unseen, rule.String()+": never matched")
		default:
			m.add(rule.Position, seen, "")
		}
		for i := range rule.Conjuncts {
			m.conjunct(rule, &rule.Conjuncts[i])
		}
	}
}

// conjunct marks where a conjunct stands: it was seen when the rule has matched, which takes that
// it holds, and when it has failed alone. One that cannot fail has the first of these only.
func (m marks) conjunct(rule *Rule, c *Conjunct) {
	held, failed := rule.Matched > 0, c.missing() == ""
	s := unseen
	switch {
	case held && failed:
		s = seen
	case held, failed && !c.Fixed:
		s = partly
	}
	note := ""
	if rule.Tests > 0 {
		note = c.missing()
	}
	for _, at := range c.Places {
		m.add(at, s, note)
	}
}

func (m marks) lines(name string, text []byte) []pageLine {
	var lines []pageLine
	for line := range strings.Lines(string(text)) {
		l := pageLine{Number: len(lines) + 1, Text: strings.TrimRight(line, "\r\n")}
		if mark := m[place{name, l.Number}]; mark != nil {
			l.State, l.Notes = mark.state, strings.Join(mark.notes, "; ")
		}
		lines = append(lines, l)
	}
	return lines
}
